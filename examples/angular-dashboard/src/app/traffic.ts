import type { Call } from '#nestjs-app/pool-reports.js';

/** The traffic at one moment: rates a second, and latencies in milliseconds. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly answered: number;
  readonly failed: number;
  /** Null where no request was answered. */
  readonly median: number | null;
  readonly p95: number | null;
}

/** Milliseconds between two samples. */
export const SAMPLE_EVERY = 500;

/** Samples that are kept: a minute of them. */
const KEPT = 121;

/** A sample is of the calls of this many milliseconds. */
const SPAN = 1_000;

interface TimedCall {
  readonly at: number;
  readonly milliseconds: number;
  readonly isAnswered: boolean;
}

/** Makes samples of calls. */
export class Traffic {
  #recent: TimedCall[] = [];
  #samples: readonly Sample[] = [];

  /** Calls that have just ended. */
  record(calls: readonly Call[], at: number): void {
    for (const [milliseconds, isAnswered] of calls) this.#recent.push({ at, milliseconds, isAnswered });
  }

  /** The samples of the last minute, with a new one for this moment. */
  sample(at: number): readonly Sample[] {
    this.#recent = this.#recent.filter((call) => call.at > at - SPAN);
    const times = this.#recent.filter(({ isAnswered }) => isAnswered).map(({ milliseconds }) => milliseconds);
    times.sort((a, b) => a - b);
    const answered = (times.length * 1_000) / SPAN;
    const failed = ((this.#recent.length - times.length) * 1_000) / SPAN;
    const latest = { at, answered, failed, median: quantile(times, 0.5), p95: quantile(times, 0.95) };
    this.#samples = [...this.#samples, latest].slice(-KEPT);
    return this.#samples;
  }
}

/** Of numbers in ascending order: the smallest that is not exceeded by this part of them. */
function quantile(sorted: readonly number[], part: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? null;
}
