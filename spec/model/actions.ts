import * as fc from 'fast-check';
import type { DialScript } from 'rxpool/testing';
import type { CloseScript } from '../support/connections.js';
import type { Lending } from './lending-model.js';

type Kind = 'own' | 'subject' | 'late';

/** How one connection behaves. */
export interface ConnectionTraits {
  readonly kind: Kind;
  readonly onDial: DialScript;
  readonly onClose: CloseScript;
  /** Whether it has a `capacity$`. */
  readonly hasCapacity: boolean;
}

/** How a caller asks for a connection; in milliseconds. */
export interface Asking {
  readonly type: 'use' | 'lease' | 'flow';
  readonly waitTimeout: number | undefined;
  readonly timeout: number | undefined;
}

export type Changes = Partial<Pick<Lending, 'poolSize' | 'maxPending' | 'maxWaiting' | 'failFast'>>;

/** An action on the connection with index `who`, modulo their number. */
export interface ConnectionAction {
  readonly type:
    | ('lose' | 'send' | 'reply' | 'accept' | 'refuse' | 'closed')
    | (
        | 'remove'
        | 'rejoin'
        | 'eject'
        | 'invalidate'
        | 'capacityOne'
        | 'capacityZero'
        | 'capacityInvalid'
        | 'capacityError'
      );
  readonly who: number;
}

/** An action of the caller with index `which`, modulo their number. */
export interface CallerAction {
  readonly type: 'finish' | 'abort' | 'unsubscribe' | 'invalidateLease';
  readonly which: number;
}

export type Action =
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
  | ConnectionAction
  | CallerAction;

const connectionAction = (...types: ConnectionAction['type'][]): fc.Arbitrary<ConnectionAction> =>
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

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<Action>({ type: 'setup' }, { type: 'close' }, { type: 'cleanup' }, { type: 'reopen' }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Action>({ type: 'microtasks' }, { type: 'settle' }) },
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
  { weight: 6, arbitrary: connectionAction('lose', 'send', 'send', 'reply', 'accept', 'refuse', 'closed') },
  { weight: 4, arbitrary: connectionAction('remove', 'rejoin', 'eject', 'invalidate') },
  { weight: 1, arbitrary: connectionAction('capacityOne', 'capacityZero', 'capacityInvalid', 'capacityError') },
  { weight: 6, arbitrary: asking },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom<CallerAction['type'][]>('finish', 'finish', 'abort', 'unsubscribe', 'invalidateLease'),
      which: fc.nat(7),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom<Action>({ type: 'suspend' }, { type: 'resume' }, { type: 'tryLease' }) },
);

const connectionTraits: fc.Arbitrary<ConnectionTraits> = fc.record({
  kind: fc.constantFrom<Kind[]>('own', 'own', 'subject', 'subject', 'late'),
  onDial: fc.constantFrom<DialScript[]>('accept', 'accept', 'accept', 'refuse', 'wait'),
  onClose: fc.constantFrom<CloseScript[]>('settle', 'settle', 'settle', 'wait', 'hang', 'reject', 'throw'),
  hasCapacity: fc.boolean(),
});

/** What `reset` and `warmup` do; `none` is the option left out. */
export type HookResult = 'none' | 'settle' | 'reject' | 'hang';
const hookResult = fc.constantFrom<HookResult[]>('none', 'none', 'settle', 'reject', 'hang');

export interface Schedule {
  readonly poolSize: number;
  readonly maxDials: number;
  readonly maxPending: number;
  readonly maxWaiting: number;
  readonly failFast: boolean;
  readonly heal: boolean;
  readonly breaker: boolean;
  readonly reset: HookResult;
  readonly warmup: HookResult;
  readonly traits: readonly ConnectionTraits[];
  readonly actions: readonly Action[];
  /** Whether all callers finish before the last close(). */
  readonly finishesAll: boolean;
  /** Actions of subscribers inside `next`, each with the number of the emission at which it runs. */
  readonly nested: readonly (readonly [number, Action])[];
}

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  poolSize: fc.integer({ min: 1, max: 4 }),
  maxDials: fc.constantFrom(1, 2, 16),
  maxPending: fc.constantFrom(1, 1, 2, Number.POSITIVE_INFINITY),
  maxWaiting: fc.constantFrom(0, 2, 1_024, 1_024),
  failFast: fc.boolean(),
  heal: fc.boolean(),
  breaker: fc.boolean(),
  reset: hookResult,
  warmup: hookResult,
  traits: fc.array(connectionTraits, { minLength: 4, maxLength: 4 }),
  finishesAll: fc.boolean(),
  actions: fc.array(action, { minLength: 1, maxLength: 30, size: 'max' }),
  nested: fc.array(fc.tuple(fc.nat(120), action), { maxLength: 6 }),
});
