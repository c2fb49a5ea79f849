import { Histogram } from './histogram.js';
import type { Result } from './load.js';

/** What became of the requests. */
export class Tally {
  readonly latency = new Histogram();
  readonly errors = new Map<string, number>();
  answered = 0;
  wrong = 0;
  failed = 0;
  /** Attempts that were made again. */
  repeated = 0;

  add(result: Result): void {
    this.repeated += result.attempts - 1;
    this[result.type]++;
    if (result.type === 'answered') this.latency.add(result.ms);
    else if (result.type === 'failed') this.errors.set(result.code, (this.errors.get(result.code) ?? 0) + 1);
  }
}
