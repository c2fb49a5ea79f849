import { expectTypeOf } from 'expect-type';
import { merge, type Observable } from 'rxjs';
import {
  type AdditionEvent,
  type Backoff,
  type BreakerState,
  CommandFailure,
  type Connection,
  ConnectionPool,
  circuitBreaker,
  cleanupBroken,
  constantBackoff,
  type DialReport,
  decorrelatedJitter,
  type Ejection,
  ejectOutliers,
  exponentialBackoff,
  growOnDemand,
  type Heal,
  type Health,
  isTerminalCause,
  type Policy,
  type PolicyPool,
  type ReconnectEvent,
  reconnectBroken,
  recycle,
  refill,
  shrinkIdle,
  type Validation,
  type ValidationError,
  validateIdle,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

declare const connections$: Observable<readonly ScriptedConnection[]>;
declare const health$: Observable<Health>;
declare const reports$: Observable<DialReport>;

// Operators over connections keep their kind.
expectTypeOf(connections$.pipe(reconnectBroken())).toEqualTypeOf<Observable<ReconnectEvent<ScriptedConnection>>>();
type Lists = Observable<readonly ScriptedConnection[] | CommandFailure>;
expectTypeOf(connections$.pipe(recycle((due) => due[0]?.dials, { maxUses: 9 }))).toEqualTypeOf<Lists>();
expectTypeOf(connections$.pipe(shrinkIdle((surplus) => surplus + 1))).toEqualTypeOf<
  Observable<number | CommandFailure>
>();
expectTypeOf(connections$.pipe(cleanupBroken((dead) => dead[0]?.dials, { after: 1 }))).toEqualTypeOf<Lists>();
expectTypeOf(connections$.pipe(ejectOutliers((connection, duration) => connection.dials + duration))).toEqualTypeOf<
  Observable<Ejection<ScriptedConnection> | CommandFailure>
>();
expectTypeOf(
  connections$.pipe(
    validateIdle(
      async (connection, { signal }) => {
        expectTypeOf(connection).toEqualTypeOf<ScriptedConnection>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      },
      (connection, cause) => {
        expectTypeOf(connection).toEqualTypeOf<ScriptedConnection>();
        expectTypeOf(cause).toEqualTypeOf<ValidationError>();
      },
    ),
  ),
).toEqualTypeOf<Observable<Validation<ScriptedConnection> | CommandFailure>>();

// A failed command is told from every other value by its class.
connections$.pipe(recycle(() => {}, { maxUses: 9 })).subscribe((value) => {
  expectTypeOf(value instanceof CommandFailure ? value.cause : value.length).toBeUnknown();
  if (!(value instanceof CommandFailure)) expectTypeOf(value).toEqualTypeOf<readonly ScriptedConnection[]>();
});

// Operators over figures and dials.
expectTypeOf(health$.pipe(refill((count) => count + 1))).toEqualTypeOf<Observable<AdditionEvent>>();
expectTypeOf(health$.pipe(growOnDemand(() => {}, { targetLoad: 20 }))).toEqualTypeOf<Observable<AdditionEvent>>();
expectTypeOf(reports$.pipe(circuitBreaker())).toEqualTypeOf<Observable<BreakerState>>();

// Wrong sources, commands and options.
// @ts-expect-error: figures are no connections.
health$.pipe(reconnectBroken());
// @ts-expect-error: connections are no figures.
connections$.pipe(refill(() => {}));
// @ts-expect-error: an operator is called with its command.
connections$.pipe(cleanupBroken());
// @ts-expect-error: recycling is told when.
recycle(() => {});
// @ts-expect-error: it is called maxAttempts.
reconnectBroken({ attempts: 3 });
// @ts-expect-error: a backoff is a function.
reconnectBroken({ backoff: 100 });
// @ts-expect-error: it is called openFor.
circuitBreaker({ timeout: 1 });
const synchronous = (): boolean => true;
// @ts-expect-error: a validation is a promise.
validateIdle(synchronous, () => {});

// Backoffs.
expectTypeOf<Backoff>().toEqualTypeOf<(attempt: number, previous: number) => number>();
expectTypeOf(constantBackoff(1_000, { jitter: 0.5 })).toEqualTypeOf<Backoff>();
expectTypeOf(decorrelatedJitter({ initial: 50, max: 5_000 })).toEqualTypeOf<Backoff>();
expectTypeOf(exponentialBackoff({ initial: 50, max: 5_000, factor: 2 })).toEqualTypeOf<Backoff>();
expectTypeOf(isTerminalCause).toEqualTypeOf<(cause: unknown) => boolean>();
reconnectBroken({ backoff: (attempt) => 100 * attempt, isTerminal: (cause) => isTerminalCause(cause) });

// What heals a pool, and what else looks after it.
const gently: Heal<ScriptedConnection> = (broken$) => broken$.pipe(reconnectBroken({ backoff: constantBackoff(100) }));
const growing: Policy<Connection> = (pool) => pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count)));
const pool = new ConnectionPool(4, () => new ScriptedConnection(), {
  heal: gently,
  breaker: circuitBreaker({ consecutiveFailures: 3 }),
  policies: [
    growing,
    (pool) => {
      expectTypeOf(pool).toEqualTypeOf<PolicyPool<ScriptedConnection>>();
      return merge(
        pool.connected$.pipe(recycle((due) => pool.renew({ connections: due }), { maxLifetime: 3_600_000 })),
        pool.connected$.pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus))),
        pool.connected$.pipe(ejectOutliers((one, duration) => pool.ejectConnections([one], { duration }))),
      );
    },
  ],
});
new ConnectionPool(4, () => new ScriptedConnection(), { heal: reconnectBroken() });
expectTypeOf(pool).toMatchTypeOf<PolicyPool<ScriptedConnection>>();
// @ts-expect-error: what heals tells what it does, in events of its own kind.
new ConnectionPool(4, () => new ScriptedConnection(), { heal: (broken$) => broken$ });
// @ts-expect-error: a policy returns what is subscribed to.
new ConnectionPool(4, () => new ScriptedConnection(), { policies: [() => {}] });
// @ts-expect-error: a policy does not close its pool.
export const closing: Policy<Connection> = (pool) => pool.close();
