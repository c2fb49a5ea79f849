import { type Observable, Subject, type Subscription } from 'rxjs';
import type { Outcome, Picker, Strategy } from 'rxpool';
import { SubjectConnection, type TestConnection } from './connections.js';

export type List = readonly TestConnection[];

/** The pickers that a strategy has emitted so far, and how it has ended. */
export interface Followed<K> {
  picker: Picker<TestConnection, K>;
  readonly emissions: Picker<TestConnection, K>[];
  completed: boolean;
  error: unknown;
  readonly subscription: Subscription;
}

/** Subscribes to a strategy and records its pickers; the first is emitted on subscribe. */
export function follow<K = void>(strategy: Strategy<TestConnection, K>, source: Observable<List>): Followed<K> {
  const followed = { emissions: [], completed: false, error: undefined } as unknown as Followed<K>;
  const subscription = strategy(source).subscribe({
    next: (picker) => {
      followed.picker = picker;
      followed.emissions.push(picker);
    },
    error: (error: unknown) => {
      followed.error = error;
    },
    complete: () => {
      followed.completed = true;
    },
  });
  return Object.assign(followed, { subscription });
}

/** A connection with `outcomes$`, which a test emits. */
export class TellingConnection extends SubjectConnection {
  readonly outcomes$ = new Subject<Outcome>();

  tell(durationMs: number, ok = true): void {
    this.outcomes$.next({ ok, durationMs });
  }

  /** One request that fails as soon as it is sent. */
  fail(): void {
    this.tell(0, false);
  }
}

/** Numbers in [0, 1) that are the same in every run. */
export function lottery(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** How many of `count` answers each of `all` gave, in their order. */
export function shares<T>(all: readonly T[], count: number, pick: () => T | undefined): number[] {
  const counts = new Map<T | undefined, number>();
  for (let i = 0; i < count; i++) {
    const picked = pick();
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return all.map((one) => counts.get(one) ?? 0);
}
