import { Gauge, Registry } from 'prom-client';
import { collectPoolMetrics } from 'rxpool/prometheus';
import { play, tell } from './story.js';

/** The samples of a pool without buckets, each in a line without the name of the pool. */
async function samples(registry: Registry, pool = 'users'): Promise<string[]> {
  const text = await registry.metrics();
  return text
    .split('\n')
    .filter((line) => line.includes(`pool_name="${pool}"`) && !line.includes('_bucket'))
    .map((line) =>
      line
        .replace('db_client_connection', '')
        .replace(/,?db_client_connection_pool_name="[^"]*",?/, '')
        .replace('{}', ''),
    )
    .sort();
}

describe('collectPoolMetrics', () => {
  it('tells every figure of the conventions, in seconds and by error_type', async () => {
    const registry = new Registry();
    const story = tell({ minSize: 1, maxSize: 8 });
    collectPoolMetrics(story.pool, { registry });
    await play(story);
    expect(await samples(registry)).toEqual(
      [
        '_count{db_client_connection_state="idle"} 0',
        '_count{db_client_connection_state="used"} 1',
        '_idle_min 1',
        '_idle_max 2',
        '_limit 8',
        '_max 8',
        '_pending_requests 1',
        '_create_time_seconds_count 1',
        '_create_time_seconds_sum 0.02',
        '_create_time_seconds_count{error_type="EHOSTUNREACH"} 1',
        '_create_time_seconds_sum{error_type="EHOSTUNREACH"} 0.02',
        '_wait_time_seconds_count 3',
        '_wait_time_seconds_sum 0.3',
        '_wait_time_seconds_count{error_type="ERR_WAIT_TIMEOUT"} 1',
        '_wait_time_seconds_sum{error_type="ERR_WAIT_TIMEOUT"} 0.1',
        '_use_time_seconds_count 1',
        '_use_time_seconds_sum 0.3',
        '_use_time_seconds_count{error_type="error"} 1',
        '_use_time_seconds_sum{error_type="error"} 0',
        '_timeouts_total 1',
      ].sort(),
    );
    await story.pool.dispose();
  });

  it('one registry takes several pools, told apart by their name; two registries share nothing', async () => {
    const [one, two] = [tell({ name: 'one' }, 1), tell({ name: 'two' }, 4)];
    const [registry, other] = [new Registry(), new Registry()];
    collectPoolMetrics(one.pool, { registry });
    collectPoolMetrics(two.pool, { registry });
    collectPoolMetrics(one.pool, { registry: other });
    expect(await samples(registry, 'one')).toContain('_idle_max 1');
    expect(await samples(registry, 'two')).toContain('_idle_max 4');
    expect(await samples(other, 'one')).toContain('_idle_max 1');
    expect(await samples(other, 'two')).toEqual([]);
    await Promise.all([one.pool.dispose(), two.pool.dispose()]);
  });

  it.each([
    ['its function is called', async (_: unknown, stop: () => void) => stop()],
    ['the pool is disposed of', async (pool: { dispose(): Promise<void> }) => pool.dispose()],
  ])('when %s, its counts are gone and nothing is measured any more', async (_, end) => {
    const registry = new Registry();
    const story = tell();
    const stop = collectPoolMetrics(story.pool, { registry });
    expect(await samples(registry)).toContain('_idle_max 2');
    await end(story.pool, stop);
    expect(await samples(registry)).toEqual(['_timeouts_total 0']);
    stop();
  });

  it('collectPoolMetrics() after registry.clear() registers all metrics again', async () => {
    const registry = new Registry();
    const first = tell();
    collectPoolMetrics(first.pool, { registry });
    await first.pool.dispose();
    registry.clear();
    const { pool } = tell();
    collectPoolMetrics(pool, { registry });
    expect(await samples(registry)).toContain('_idle_max 2');
    await pool.dispose();
  });

  it('a registry that has one of the names from elsewhere: throws, and the pool is not observed', () => {
    const registry = new Registry();
    new Gauge({ name: 'db_client_connection_count', help: 'of another pool', registers: [registry] });
    const { pool } = tell();
    expect(() => collectPoolMetrics(pool, { registry })).toThrow(
      'db_client_connection_count has already been registered',
    );
  });

  it.each<[what: string, pool: unknown, options: unknown, message: string]>([
    ['no pool', undefined, {}, 'pool must be an object, got undefined'],
    ['no registry', tell().pool, {}, 'options.registry.registerMetric must be a function, got undefined'],
    ['an unknown option', tell().pool, { register: 1 }, 'options.register is no option; did you mean registry?'],
  ])('%s: throws a TypeError that names the argument', (_, pool, options, message) => {
    expect(() => collectPoolMetrics(pool as never, options as never)).toThrow(message);
  });
});
