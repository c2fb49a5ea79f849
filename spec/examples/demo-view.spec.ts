import { stripVTControlCharacters } from 'node:util';
import type { Model, Row } from '../../examples/demo/model.js';
import { coloured, plain } from '../../examples/demo/paint.js';
import { renderLine } from '../../examples/demo/plain-view.js';
import { sparkline } from '../../examples/demo/sparkline.js';
import { summarize } from '../../examples/demo/summary.js';
import { Tally } from '../../examples/demo/tally.js';
import { render } from '../../examples/demo/view.js';
import { MODEL } from './demo-model.js';

const CANVAS = { columns: 80, rows: 24, paint: plain };

const ofRows = (count: number): Model => {
  const rows = Array.from({ length: count }, (_, index): Row => ({ ...(MODEL.rows[0] as Row), number: index + 1 }));
  return { ...MODEL, rows };
};

describe("The demo's table", () => {
  it('table of the demo: shows the pool, each connection, the requests and the events', () => {
    const lines = render(MODEL, CANVAS).map((line) => line.trimEnd());
    expect(lines).toEqual([
      'rxpool on a server',
      `● degraded  2 of 3 connected, 1,017 pending${' '.repeat(26)}3 of 12 s`,
      `▁▅█${' '.repeat(68)}2,000/s`,
      '',
      '  #  state       pending               served  reconnects',
      '  1  connected   ▇▇▇ 3                  1,234           0',
      '  2  broken       0                       987           2  redial in 0.4 s',
      '  3  connected   ▇▇▇▇▇▇▇▇▇▇▇▇ 1,014     1,500           1',
      '',
      `answered 3,721   wrong 0   errors 2${' '.repeat(19)}p50 4.7 ms   p99 68.4 ms`,
      'cut 4   reconnected 3',
      '',
      '  1.0 s  cut 2 connections',
      '  1.0 s  #2 lost: ECONNRESET',
      '',
      '',
      '',
    ]);
  });

  it('table of the demo: has the same text with and without colours', () => {
    const inColour = render(MODEL, { ...CANVAS, paint: coloured });
    expect(inColour.join('')).toContain('\x1b[31mbroken');
    expect(inColour.map(stripVTControlCharacters)).toEqual(render(MODEL, CANVAS));
  });

  it.each([
    { columns: 80, rows: 24 },
    { columns: 200, rows: 60 },
    { columns: 60, rows: 12 },
    { columns: 30, rows: 10 },
  ])('table of the demo: fits a terminal of $columns by $rows with any number of connections', ({ columns, rows }) => {
    for (const count of [0, 1, 8, 500]) {
      const lines = render(ofRows(count), { columns, rows, paint: plain });
      // One line is left for the cursor.
      expect(lines.length).toBeLessThan(rows);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
    }
  });

  it('table of the demo: states how many connections are not shown', () => {
    const lines = render(ofRows(500), CANVAS);
    const shown = lines.filter((line) => line.includes('connected  ')).length;
    expect(lines).toContain(`     and ${500 - shown} more`);
  });

  it('table of the demo: can be drawn before the first request', () => {
    const lines = render({ ...MODEL, rows: [], throughput: [], news: [] }, CANVAS);
    expect(lines.join('\n')).toContain(' 0/s');
  });
});

describe('A sparkline', () => {
  it.each([40, 60, 80, 120])(
    'table of the demo: at %i columns it cuts no figure from its digits or its unit',
    (columns) => {
      const model = { ...MODEL, answered: 10_344, errors: 7_648, p50: 281.7, p99: 2_657.4 };
      const lines = render(model, { ...CANVAS, columns });
      const figures = lines.join('\n').match(/(answered|errors|p50|p99) [\d,.]+( ms)?|redial in .*$/gm);
      const whole = ['answered 10,344', 'errors 7,648', 'p50 281.7 ms', 'p99 2657.4 ms', 'redial in 0.4 s'];
      expect(figures?.length).toBeGreaterThan(0);
      expect(figures?.filter((figure) => !whole.includes(figure))).toEqual([]);
    },
  );

  it('sparkline of the demo: goes from zero to the largest value', () => {
    expect(sparkline([0, 50, 100], 3)).toBe('▁▅█');
  });

  it('sparkline of the demo: shows the latest values in the given width', () => {
    expect(sparkline([100, 100, 0], 2)).toBe('█▁');
    expect(sparkline([], 4)).toBe('    ');
    expect(sparkline([1], 0)).toBe('');
  });
});

describe("The demo's line", () => {
  it('line of the demo: contains all figures', () => {
    expect(renderLine(MODEL, 1_998)).toBe(
      '  3 s  degraded  2/3 connected  1,998/s  answered 3,721  pending 1,017  p50 4.7 ms  p99 68.4 ms' +
        '  errors 2  reconnects 3',
    );
  });
});

describe("The demo's summary", () => {
  it('summary of the demo: counts requests, errors by kind and reconnects', () => {
    const tally = new Tally();
    const connection = {} as never;
    tally.add({ type: 'answered', id: 0, attempts: 2, connection, ms: 5 });
    for (const code of ['ERR_A', 'ERR_B', 'ERR_B'])
      tally.add({ type: 'failed', id: 1, attempts: 1, code, maybe: true });
    const report = {
      target: 'a server',
      poolSize: 1,
      elapsed: 2_000,
      requests: 4,
      tally,
      cut: 3,
      reconnects: 2,
      pending: 0,
    };
    expect(summarize(report)).toEqual([
      '2.0 s on a server, 1 connection',
      '  requests           4  2 a second',
      '  answered           1',
      '  wrong              0  replies that were not the one asked for',
      '  errors             3  ERR_B 2, ERR_A 1',
      '  repeated           1  never sent at first, so asked again',
      '  cut                3  connections',
      '  reconnects         2',
      '  pending            0  after the pool was closed',
      '  latency    p50 5.0 ms, p99 5.0 ms, longest 5.0 ms',
    ]);
  });
});
