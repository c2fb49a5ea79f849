import { map, type Observable, takeUntil, timer } from 'rxjs';
import type { Target } from './target.js';

export interface Moments {
  /** Milliseconds to the first. */
  readonly first: number;
  /** Milliseconds from one to the next. */
  readonly every: number;
  /** Milliseconds after which there are no more. */
  readonly until: number;
}

export const moments = ({ first, every, until }: Moments): Observable<unknown> =>
  timer(first, every).pipe(takeUntil(timer(until)));

export interface CutterOptions {
  /** Connections in the pool; at most half of them (but at least one) are cut at a time. */
  readonly size: number;
  /** A number in [0, 1) that decides how many. */
  readonly random: () => number;
}

/** Cuts some connections at each moment; emits how many. */
export function cutting(
  target: Pick<Target, 'cut'>,
  moments$: Observable<unknown>,
  { size, random }: CutterOptions,
): Observable<number> {
  const most = Math.max(1, Math.floor(size / 2));
  return moments$.pipe(map(() => target.cut(1 + Math.floor(random() * most))));
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
