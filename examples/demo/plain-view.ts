import { count, milliseconds } from './format.js';
import type { Model } from './model.js';

/** The demo in one line, for where there is no terminal. `rate` is in answers a second. */
export function renderLine({ elapsed, health, answered, errors, reconnects, p50, p99 }: Model, rate: number): string {
  const { status, connected, poolSize, pending } = health;
  return [
    `${String(Math.round(elapsed / 1_000)).padStart(3)} s`,
    status.padEnd(8),
    `${connected}/${poolSize} connected`,
    `${count(rate)}/s`,
    `answered ${count(answered)}`,
    `pending ${count(pending)}`,
    `p50 ${milliseconds(p50)}`,
    `p99 ${milliseconds(p99)}`,
    `errors ${count(errors)}`,
    `reconnects ${count(reconnects)}`,
  ].join('  ');
}
