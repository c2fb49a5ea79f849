import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { of } from 'rxjs';
import { instrumentPool } from 'rxpool/opentelemetry';
import { settle } from '../support/virtual-clock.js';
import { play, tell } from './story.js';

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}

  /** Each data point in a line: name, attributes but that of the pool, and value; of a histogram the count and the sum. */
  async lines(pool = 'users'): Promise<string[]> {
    const { resourceMetrics, errors } = await this.collect();
    expect(errors).toEqual([]);
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return all.flatMap(({ descriptor, dataPoints }) =>
      (dataPoints as DataPoint<number | Histogram>[]).flatMap(({ attributes, value }) => {
        const { 'db.client.connection.pool.name': name, ...rest } = attributes;
        if (name !== pool) return [];
        const text = typeof value === 'number' ? value : `${value.count}x ${value.sum?.toFixed(2)}`;
        const title = [descriptor.name.replace('db.client.connection', ''), ...Object.values(rest), text];
        return [`${title.join(' ')} ${descriptor.unit}`];
      }),
    );
  }
}

/** What the story of `play` comes to. */
const STORY = [
  '.count idle 0 {connection}',
  '.count used 1 {connection}',
  '.idle.min 1 {connection}',
  '.idle.max 2 {connection}',
  '.limit 8 {connection}',
  '.max 8 {connection}',
  '.pending_requests 1 {request}',
  '.create_time 1x 0.02 s',
  '.create_time EHOSTUNREACH 1x 0.02 s',
  '.wait_time 3x 0.30 s',
  '.wait_time ERR_WAIT_TIMEOUT 1x 0.10 s',
  '.use_time 1x 0.30 s',
  '.use_time error 1x 0.00 s',
  '.timeouts 1 {timeout}',
];

describe('instrumentPool: metrics', () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  afterAll(() => provider.shutdown());

  /** A meter for each test, so that none sees what another has measured. */
  let count = 0;
  const meterOf = () => provider.getMeter(`meter ${++count}`);

  it('tells every figure of the conventions, in seconds and by error.type', async () => {
    const story = tell({ name: 'story', minSize: 1, maxSize: 8 });
    instrumentPool(story.pool, { meter: meterOf() });
    await play(story);
    expect((await reader.lines('story')).sort()).toEqual([...STORY].sort());
    await story.pool.dispose();
  });

  it('the limit of a pool without maxSize is its poolSize', async () => {
    const { pool } = tell({ name: 'unlimited' }, 3);
    const stop = instrumentPool(pool, { meter: meterOf() });
    expect(await reader.lines('unlimited')).toEqual(
      expect.arrayContaining(['.limit 3 {connection}', '.max 3 {connection}']),
    );
    stop();
  });

  it('a pool without a name is called rxpool', async () => {
    const { pool } = tell({ name: undefined });
    const stop = instrumentPool(pool, { meter: meterOf() });
    expect(await reader.lines('rxpool')).toContain('.pending_requests 0 {request}');
    stop();
  });

  it('two pools with one meter are told apart by their name', async () => {
    const [one, two] = [tell({ name: 'one' }, 1), tell({ name: 'two' }, 4)];
    const meter = meterOf();
    instrumentPool(one.pool, { meter });
    instrumentPool(two.pool, { meter });
    expect(await reader.lines('one')).toContain('.idle.max 1 {connection}');
    expect(await reader.lines('two')).toContain('.idle.max 4 {connection}');
    await Promise.all([one.pool.dispose(), two.pool.dispose()]);
  });

  it.each([
    ['its function is called', async (_: unknown, stop: () => void) => stop()],
    ['the pool is disposed of', async (pool: { dispose(): Promise<void> }) => pool.dispose()],
  ])('when %s, nothing is measured any more', async (what, end) => {
    const name = `ended as ${what}`;
    const story = tell({ name });
    const stop = instrumentPool(story.pool, { meter: meterOf() });
    await end(story.pool, stop);
    expect(await reader.lines(name)).toEqual([]);
    stop();
  });

  it('a dial that fails with a code that may hold a secret has its outcome as error.type', async () => {
    const story = tell({ name: 'odd' });
    instrumentPool(story.pool, { meter: meterOf() });
    const opening = story.pool.setup();
    await settle();
    story.made[0]?.refuse(Object.assign(new Error(), { code: 'password is hunter2' }));
    story.made[1]?.refuse('a text');
    await opening;
    expect(await reader.lines('odd')).toContain('.create_time error 2x 0.00 s');
    await story.pool.dispose();
  });

  it.each<[what: string, pool: unknown, options: unknown, message: string]>([
    ['no pool', 5, {}, 'pool must be an object, got 5'],
    ['no meter', tell().pool, {}, 'options.meter.createHistogram must be a function, got undefined'],
    [
      'a tracer that is none',
      tell().pool,
      { meter: metrics.getMeter('x'), tracer: {} },
      'options.tracer.startSpan must be a function',
    ],
    ['an unknown option', tell().pool, { metre: 1 }, 'options.metre is no option; did you mean meter?'],
  ])('%s: throws a TypeError that names the argument', (_, pool, options, message) => {
    expect(() => instrumentPool(pool as never, options as never)).toThrow(message);
  });
});

describe('instrumentPool: traces', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer('spec');
  beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    context.disable();
    await provider.shutdown();
  });

  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);
  const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;

  /** Calls something within a span of its own, and gives the identity of that. */
  const within = (name: string, call: () => unknown): string => {
    const span = tracer.startSpan(name);
    context.with(trace.setSpan(context.active(), span), call);
    span.end();
    return span.spanContext().spanId;
  };

  it.each([
    ['with a tracer', true],
    ['without', false],
  ])(
    '%s, the span of a caller that waited is the parent of what its work does, and not that of the caller before',
    async (_, traced) => {
      const { pool, clock, made } = tell({}, 1);
      if (traced) instrumentPool(pool, { meter: metrics.getMeter('none'), tracer });
      const opening = pool.setup();
      await settle();
      made[0]?.accept();
      await opening;
      let finish = (): void => {};
      within('first', () => pool.use(() => new Promise<void>((resolve) => (finish = resolve))));
      const work = (name: string) => (): void => tracer.startSpan(name).end();
      const callers = [
        within('second', () => pool.use(work('work of second'))),
        within('third', () => pool.withConnection(() => of(work('work of third')())).subscribe()),
        within('fourth', async () => {
          const lease = await pool.lease();
          work('work of fourth')();
          lease.release();
        }),
      ];
      await clock.advance(400);
      finish();
      await settle();
      const done = ['second', 'third', 'fourth'].map((name) => named(`work of ${name}`)[0]);
      expect(done.map(parentOf)).toEqual(callers);
      await pool.dispose();
    },
  );

  it('a wait of some length is a child span of its caller, and one of 0 ms is no span', async () => {
    const { pool, clock, made } = tell({}, 1);
    instrumentPool(pool, { meter: metrics.getMeter('none'), tracer });
    const opening = pool.setup();
    await settle();
    made[0]?.accept();
    await opening;
    const lease = pool.tryLease();
    const caller = within('caller', () => pool.use(() => {}));
    await clock.advance(400);
    lease?.release();
    await settle();
    const waits = named('rxpool.wait');
    expect(waits.map(parentOf)).toEqual([caller]);
    const [wait] = waits;
    expect((wait?.duration[0] as number) + (wait?.duration[1] as number) / 1e9).toBeCloseTo(0.4);
    expect(wait?.attributes).toEqual({
      'db.client.connection.pool.name': 'users',
      'server.address': 'replica',
      'server.port': 7556,
    });
    await pool.dispose();
  });

  it('a wait that failed, and a dial, are spans with the reason; a dial has no parent', async () => {
    const { pool, clock, made } = tell({}, 1);
    instrumentPool(pool, { meter: metrics.getMeter('none'), tracer });
    const caller = within('caller', () => pool.use(() => {}, { waitTimeout: 50 }).catch(() => {}));
    await clock.advance(50);
    made[0]?.refuse(new Error('no route'));
    await settle();
    const [wait, dial] = [named('rxpool.wait')[0], named('rxpool.dial')[0]];
    expect(parentOf(wait)).toBe(caller);
    expect(wait).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'ERR_WAIT_TIMEOUT' } });
    expect(parentOf(dial)).toBeUndefined();
    expect(dial).toMatchObject({ status: { code: 2, message: 'no route' }, attributes: { 'server.port': 7556 } });
    await pool.dispose();
  });
});
