import type { ConnectionState, HealthStatus } from 'rxpool';
import { count, milliseconds, seconds } from './format.js';
import type { Model, News, Row } from './model.js';
import type { Colour, Paint } from './paint.js';
import { sparkline } from './sparkline.js';

export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** Lines that are always there, those between the parts included. */
const FIXED_LINES = 9;
const NEWS_LINES = 5;
const WIDEST = 78;

const STATES: Record<ConnectionState, Colour> = {
  idle: 'dim',
  connecting: 'yellow',
  connected: 'green',
  draining: 'yellow',
  broken: 'red',
  closed: 'dim',
};

const STATUSES: Record<HealthStatus, Colour> = {
  closed: 'dim',
  empty: 'dim',
  starting: 'yellow',
  down: 'red',
  degraded: 'yellow',
  healthy: 'green',
};

/** The demo as lines of text that fit the canvas. */
export function render(model: Model, { columns, rows, paint }: Canvas): string[] {
  const width = Math.min(columns - 1, WIDEST);
  const newsLines = Math.min(NEWS_LINES, Math.max(0, rows - FIXED_LINES - model.rows.length - 2));
  const tableLines = Math.max(1, rows - FIXED_LINES - newsLines - 1);
  return [
    ...header(model, width, paint),
    '',
    ...table(model.rows, tableLines, width, paint),
    '',
    ...footer(model, width, paint),
    ...news(model.news, newsLines, width, paint),
  ];
}

function header({ health, elapsed, duration, throughput, target }: Model, width: number, paint: Paint): string[] {
  const { status, connected, poolSize, pending } = health;
  const time = `${Math.floor(elapsed / 1_000)} of ${duration / 1_000} s`;
  const left = `● ${status.padEnd(9)} ${connected} of ${poolSize} connected`;
  const rate = `${count(throughput.at(-1) ?? 0)}/s`.padStart(9);
  const graph = sparkline(throughput, Math.max(0, width - rate.length));
  return [
    paint('bold', clip(`rxpool on ${target}`, width)),
    paint(STATUSES[status], fitting(width, [`${left}, ${count(pending)} pending`, time], [left, time], [left])),
    `${paint('cyan', graph)}${clip(rate, width)}`,
  ];
}

function table(all: readonly Row[], lines: number, width: number, paint: Paint): string[] {
  const shown = all.length > lines ? all.slice(0, Math.max(0, lines - 1)) : all;
  const hidden = all.length - shown.length;
  return [
    paint('dim', clip('  #  state       pending               served  reconnects', width)),
    ...shown.map((row) => {
      const { number, state, pending, served, reconnects, note } = row;
      const load = `${'▇'.repeat(Math.min(pending, 12))} ${count(pending)}`;
      const figures = `  ${load.padEnd(18)}  ${count(served).padStart(8)}  ${count(reconnects).padStart(10)}`;
      const rest = fitting(width - 15, [`${figures}  ${note}`], [figures], [`  ${load}`]);
      return `${String(number).padStart(3)}  ${paint(STATES[state], state.padEnd(10))}${rest}`;
    }),
    ...(hidden > 0 ? [paint('dim', `     and ${hidden} more`)] : []),
  ];
}

function footer({ answered, wrong, errors, cut, reconnects, p50, p99 }: Model, width: number, paint: Paint): string[] {
  const requests = `answered ${count(answered)}   wrong ${count(wrong)}   errors ${count(errors)}`;
  const slowest = `p99 ${milliseconds(p99)}`;
  return [
    fitting(
      width,
      [requests, `p50 ${milliseconds(p50)}   ${slowest}`],
      [requests, slowest],
      [requests],
      [`errors ${count(errors)}`],
    ),
    paint('dim', clip(`cut ${count(cut)}   reconnected ${count(reconnects)}`, width)),
  ];
}

function news(all: readonly News[], lines: number, width: number, paint: Paint): string[] {
  if (lines === 0) return [];
  const told = all
    .slice(-lines)
    .map(({ at, text }) => paint('dim', clip(`${seconds(at).padStart(7)}  ${text}`, width)));
  return ['', ...told, ...new Array<string>(lines - told.length).fill('')];
}

/** The first of some lines that fits, so that no figure is cut from its unit; what they end with is at the right edge. */
function fitting(width: number, ...lines: readonly (readonly [left: string, right?: string])[]): string {
  const fits = lines.find(([left, right]) => left.length + (right === undefined ? 0 : 2 + right.length) <= width);
  const [left, right] = fits ?? (lines.at(-1) as readonly [string]);
  return right === undefined ? clip(left, width) : `${left}${right.padStart(width - left.length)}`;
}

const clip = (text: string, width: number): string => (text.length > width ? text.slice(0, Math.max(0, width)) : text);
