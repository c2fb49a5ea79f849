import type { Clock } from '../clock.js';
import { Deadlines } from '../deadlines.js';

/** The deadlines of all tables with the same clock, on one timer. */
export function deadlinesOf(clock: Clock): Deadlines {
  const deadlines = shared.get(clock) ?? new Deadlines(clock);
  shared.set(clock, deadlines);
  return deadlines;
}

const shared = new WeakMap<Clock, Deadlines>();
