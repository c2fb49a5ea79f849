import { count, milliseconds, seconds } from './format.js';
import type { Tally } from './tally.js';

/** What a whole run came to. */
export interface Report {
  readonly target: string;
  readonly poolSize: number;
  readonly elapsed: number;
  /** Requests made. */
  readonly requests: number;
  readonly tally: Tally;
  readonly cut: number;
  readonly reconnects: number;
  /** Requests that were not settled when the pool had been closed. */
  readonly pending: number;
}

/** Whether every reply was right, every request settled, and at least one of them answered. */
export const isSound = ({ tally, pending }: Report): boolean =>
  tally.wrong === 0 && pending === 0 && tally.answered > 0;

export function summarize({ target, poolSize, elapsed, requests, tally, cut, reconnects, pending }: Report): string[] {
  const { answered, wrong, failed, repeated, errors, latency } = tally;
  const kinds = [...errors].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${count(times)}`);
  const figures: readonly (readonly [string, number, string])[] = [
    ['requests', requests, `${count((requests * 1_000) / elapsed)} a second`],
    ['answered', answered, ''],
    ['wrong', wrong, 'replies that were not the one asked for'],
    ['errors', failed, kinds.join(', ')],
    ['repeated', repeated, 'never sent at first, so asked again'],
    ['cut', cut, 'connections'],
    ['reconnects', reconnects, ''],
    ['pending', pending, 'after the pool was closed'],
  ];
  const p = (share: number): string => milliseconds(latency.quantile(share));
  return [
    `${seconds(elapsed)} on ${target}, ${poolSize} ${poolSize === 1 ? 'connection' : 'connections'}`,
    ...figures.map(([name, value, remark]) => `  ${name.padEnd(10)} ${count(value).padStart(9)}  ${remark}`.trimEnd()),
    `  ${'latency'.padEnd(10)} p50 ${p(0.5)}, p99 ${p(0.99)}, longest ${milliseconds(latency.max)}`,
  ];
}
