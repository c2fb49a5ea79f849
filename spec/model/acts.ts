import * as fc from 'fast-check';
import type { DialScript } from 'rxpool/testing';
import type { CloseScript } from '../support/connections.js';
import type { Lending } from './lending-model.js';

type Kind = 'own' | 'subject' | 'late';

/** How one connection behaves. */
export interface Character {
  readonly kind: Kind;
  readonly onDial: DialScript;
  readonly onClose: CloseScript;
  /** Whether it says how much it can carry. */
  readonly tells: boolean;
}

/** How a caller asks for a connection; in milliseconds. */
export interface Asking {
  readonly type: 'use' | 'lease' | 'flow';
  readonly waitTimeout: number | undefined;
  readonly timeout: number | undefined;
}

export type Changes = Partial<Pick<Lending, 'poolSize' | 'maxPending' | 'maxWaiting' | 'failFast'>>;

/** What is done to one connection, whichever has that number. */
export interface Turn {
  readonly type:
    | ('lose' | 'send' | 'reply' | 'accept' | 'refuse' | 'closed')
    | ('remove' | 'rejoin' | 'eject' | 'invalidate' | 'tellOne' | 'tellNone' | 'tellNonsense' | 'tellNoMore');
  readonly who: number;
}

/** What one borrower does, whichever has that number. */
export interface Move {
  readonly type: 'finish' | 'giveUp' | 'unsubscribe' | 'invalidateLease';
  readonly which: number;
}

export type Act =
  | {
      readonly type:
        | ('setup' | 'close' | 'cleanup' | 'reopen' | 'suspend' | 'resume' | 'tryLease')
        | ('microtasks' | 'settle');
    }
  | { readonly type: 'reconnect'; readonly onlyBroken: boolean }
  | { readonly type: 'reduce'; readonly by: number; readonly busyToo: boolean }
  | { readonly type: 'extend' | 'pass'; readonly by: number }
  | { readonly type: 'renew'; readonly maxUnavailable: number; readonly drainTimeout: number | undefined }
  | { readonly type: 'reconfigure'; readonly changes: Changes }
  | Asking
  | Turn
  | Move;

const turn = (...types: Turn['type'][]): fc.Arbitrary<Turn> =>
  fc.record({ type: fc.constantFrom(...types), who: fc.nat(7) });

const changes: fc.Arbitrary<Changes> = fc.record(
  {
    poolSize: fc.integer({ min: 0, max: 4 }),
    maxPending: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
    maxWaiting: fc.constantFrom(0, 2, 1_024),
    failFast: fc.boolean(),
  },
  { requiredKeys: [] },
);

const asking: fc.Arbitrary<Asking> = fc.record({
  type: fc.constantFrom('use', 'lease', 'flow'),
  waitTimeout: fc.constantFrom(undefined, 100, 2_000),
  timeout: fc.constantFrom(undefined, undefined, 1_000),
});

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<Act>({ type: 'setup' }, { type: 'close' }, { type: 'cleanup' }, { type: 'reopen' }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Act>({ type: 'microtasks' }, { type: 'settle' }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('reconnect' as const), onlyBroken: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('reduce' as const),
      by: fc.integer({ min: 1, max: 3 }),
      busyToo: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('extend' as const), by: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('renew' as const),
      maxUnavailable: fc.nat(2),
      drainTimeout: fc.constantFrom(undefined, 0, 500),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('reconfigure' as const), changes }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('pass' as const), by: fc.constantFrom(1, 100, 999, 1_000, 2_000, 5_000) }),
  },
  { weight: 6, arbitrary: turn('lose', 'send', 'send', 'reply', 'accept', 'refuse', 'closed') },
  { weight: 4, arbitrary: turn('remove', 'rejoin', 'eject', 'invalidate') },
  { weight: 1, arbitrary: turn('tellOne', 'tellNone', 'tellNonsense', 'tellNoMore') },
  { weight: 6, arbitrary: asking },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom<Move['type'][]>('finish', 'finish', 'giveUp', 'unsubscribe', 'invalidateLease'),
      which: fc.nat(7),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom<Act>({ type: 'suspend' }, { type: 'resume' }, { type: 'tryLease' }) },
);

const character: fc.Arbitrary<Character> = fc.record({
  kind: fc.constantFrom<Kind[]>('own', 'own', 'subject', 'subject', 'late'),
  onDial: fc.constantFrom<DialScript[]>('accept', 'accept', 'accept', 'refuse', 'wait'),
  onClose: fc.constantFrom<CloseScript[]>('settle', 'settle', 'settle', 'wait', 'hang', 'reject', 'throw'),
  tells: fc.boolean(),
});

/** What `reset` and `warmup` come to. */
export type Preparation = 'none' | 'settle' | 'reject' | 'hang';
const preparation = fc.constantFrom<Preparation[]>('none', 'none', 'settle', 'reject', 'hang');

export interface Schedule {
  readonly poolSize: number;
  readonly maxDials: number;
  readonly maxPending: number;
  readonly maxWaiting: number;
  readonly failFast: boolean;
  readonly heal: boolean;
  readonly breaker: boolean;
  readonly reset: Preparation;
  readonly warmup: Preparation;
  readonly characters: readonly Character[];
  readonly acts: readonly Act[];
  /** Whether everybody comes to rest before the end. */
  readonly rests: boolean;
  /** What subscribers do inside `next`: at which telling, and what. */
  readonly nested: readonly (readonly [number, Act])[];
}

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  poolSize: fc.integer({ min: 1, max: 4 }),
  maxDials: fc.constantFrom(1, 2, 16),
  maxPending: fc.constantFrom(1, 1, 2, Number.POSITIVE_INFINITY),
  maxWaiting: fc.constantFrom(0, 2, 1_024, 1_024),
  failFast: fc.boolean(),
  heal: fc.boolean(),
  breaker: fc.boolean(),
  reset: preparation,
  warmup: preparation,
  characters: fc.array(character, { minLength: 4, maxLength: 4 }),
  rests: fc.boolean(),
  acts: fc.array(act, { minLength: 1, maxLength: 30, size: 'max' }),
  nested: fc.array(fc.tuple(fc.nat(120), act), { maxLength: 6 }),
});
