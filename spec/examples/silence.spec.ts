import { filter } from 'rxjs';
import type { Result } from '../../examples/demo/load.js';
import { flatOut } from '../../examples/demo/pace.js';
import { setUp } from '../../examples/demo/setup.js';
import { Tally } from '../../examples/demo/tally.js';
import { until } from '../support/until.js';

const TOTAL = 4_000;
const CUTS = 8;

it('set-up of the demo, 2025 server that silences a connection when another is cut: fewer than 1 % of the requests fail', async () => {
  const { pool, load, target } = await setUp({ size: 8, latency: 0, backoff: { initial: 10, max: 10 } });
  const tally = new Tally();
  let cut = 0;
  let lost = 0;
  pool.events$.pipe(filter(({ type }) => type === 'lost')).subscribe(() => lost++);
  load.results$.subscribe((result: Result) => {
    tally.add(result);
    if (result.id % (TOTAL / CUTS) === TOTAL / CUTS / 2) cut += target.cut(1);
  });
  await flatOut(load, pool, { workers: 16, total: TOTAL });
  expect({ cut, wrong: tally.wrong, settled: tally.answered + tally.failed }).toEqual({
    cut: CUTS,
    wrong: 0,
    settled: TOTAL,
  });
  // Those that fell silent were lost as well.
  expect(lost).toBeGreaterThan(CUTS);
  expect(tally.failed).toBeLessThan(TOTAL / 100);
  await until(() => pool.health.connected === 8);
  await pool.dispose();
  await target.close();
}, 60_000);
