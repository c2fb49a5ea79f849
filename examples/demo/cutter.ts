import { map, type Observable, takeUntil, timer } from 'rxjs';
import type { Target } from './target.js';

export interface CutterOptions {
  /** Connections in the pool; at most half of them (but at least one) are cut at a time. */
  readonly size: number;
  /** Milliseconds to the first cut. */
  readonly first: number;
  /** Milliseconds between cuts. */
  readonly every: number;
  /** Milliseconds after which no more is cut. */
  readonly until: number;
  /** A number in [0, 1) that decides how many. */
  readonly random: () => number;
}

/** Cuts connections every now and then; emits how many. */
export function cutting(
  target: Pick<Target, 'cut'>,
  { size, first, every, until, random }: CutterOptions,
): Observable<number> {
  const most = Math.max(1, Math.floor(size / 2));
  return timer(first, every).pipe(
    takeUntil(timer(until)),
    map(() => target.cut(1 + Math.floor(random() * most))),
  );
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
