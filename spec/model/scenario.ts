import { BehaviorSubject, type Observable, type Subscription } from 'rxjs';
import { ConnectionFactoryError, circuitBreaker, reconnectBroken } from 'rxpool';
import type { DialScript } from 'rxpool/testing';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';
import type { Action, Changes, ConnectionAction, ConnectionTraits, HookResult, Schedule } from './actions.js';
import { Callers } from './callers.js';
import { LateConnection } from './late-connection.js';
import { Observers } from './observers.js';

export const CONNECT_TIMEOUT = 5_000;
const RESET_TIMEOUT = 5_000;
const CLOSE_TIMEOUT = 2_000;
const DRAIN_TIMEOUT = 1_000;
/** Milliseconds within which `close()` must resolve. */
export const BOUND = DRAIN_TIMEOUT + CLOSE_TIMEOUT;

const TYPES = { own: OwnConnection, subject: SubjectConnection, late: LateConnection };

const CAPACITIES = { capacityOne: 1, capacityZero: 0, capacityInvalid: -1 };

/** A `reset` or `warmup` with the given result. */
const hookOf = (how: HookResult): false | (() => Promise<void>) => {
  if (how === 'none') return false;
  if (how === 'hang') return () => new Promise(() => {});
  return () => (how === 'settle' ? Promise.resolve() : Promise.reject(new Error('of the hook')));
};

/** Runs the actions of one schedule on a pool. */
export class Scenario {
  readonly rig: Rig;
  readonly callers: Callers;
  readonly observers: Observers;
  /** Calls of the pool that have not settled. */
  readonly open = new Set<string>();
  readonly subscriptions: Subscription[] = [];
  readonly capacities = new Map<TestConnection, BehaviorSubject<number>>();
  #calls = 0;

  readonly #nested: Map<number, Action>;
  #emissions = 0;

  constructor({ poolSize, traits, nested, heal, breaker, reset, warmup, actions, finishesAll, ...options }: Schedule) {
    this.#nested = new Map(nested);
    let made = 0;
    const make = (_?: DialScript, name = ''): TestConnection => this.#make(traits[made++ % traits.length]!, name);
    this.rig = rig(make, poolSize, {
      connectTimeout: CONNECT_TIMEOUT,
      closeTimeout: CLOSE_TIMEOUT,
      drainTimeout: DRAIN_TIMEOUT,
      leakThreshold: 4_000,
      resetTimeout: RESET_TIMEOUT,
      ...options,
      reset: hookOf(reset),
      warmup: hookOf(warmup),
    });
    const { pool, clock } = this.rig;
    const { scheduler } = clock;
    if (heal) pool.reconfigure({ heal: reconnectBroken({ scheduler, backoff: (attempt) => 100 * attempt }) });
    if (breaker) pool.reconfigure({ breaker: circuitBreaker({ scheduler, consecutiveFailures: 2, openFor: 1_000 }) });
    this.callers = new Callers(pool);
    this.observers = new Observers(pool);
    for (const stream of [
      pool.connections$,
      pool.connected$,
      pool.broken$,
      pool.health$,
      pool.leastLoaded$,
      pool.events$,
    ]) {
      this.subscriptions.push((stream as Observable<unknown>).subscribe(this.onEmission));
    }
  }

  #make({ kind, onDial, onClose, hasCapacity }: ConnectionTraits, name: string): TestConnection {
    const connection = Object.assign(new TYPES[kind]({ onDial, name }), { onClose });
    this.subscriptions.push(connection.state$.subscribe(this.onEmission));
    if (!hasCapacity) return connection;
    const capacity$ = new BehaviorSubject(Number.POSITIVE_INFINITY);
    this.capacities.set(connection, capacity$);
    return Object.assign(connection, { capacity$ });
  }

  /** Ends the subscriptions and with them the actions inside `next`. */
  stopNested(): void {
    this.#nested.clear();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  /** Counts emissions, and runs the action scheduled for this one. */
  readonly onEmission = (): void => {
    const one = this.#nested.get(++this.#emissions);
    // The first emissions come while the constructor subscribes.
    if (one && this.observers) this.perform(one);
  };

  call(name: string, promise: Promise<unknown>): void {
    const call = `${++this.#calls}: ${name}`;
    this.open.add(call);
    const answered = (): boolean => this.open.delete(call);
    promise.then(answered, answered);
  }

  async act(one: Action): Promise<void> {
    const { clock } = this.rig;
    if (one.type === 'microtasks') await undefined;
    else if (one.type === 'settle') await settle();
    else if (one.type === 'pass') await clock.advance(one.by);
    else this.perform(one);
  }

  perform(one: Action): void {
    const { pool } = this.rig;
    if (one.type === 'setup') this.call('setup', pool.setup());
    else if (one.type === 'close') this.call('close', pool.close());
    else if (one.type === 'cleanup') pool.cleanupBrokenConnections();
    else if (one.type === 'reconnect') this.call(`reconnect(${one.onlyBroken})`, pool.reconnect(one.onlyBroken));
    else if (one.type === 'reduce') pool.reducePoolConnections(one.by, one.busyToo);
    else if (one.type === 'extend') this.call('extend', pool.extendPoolBySize(one.by));
    else if (one.type === 'renew') this.call('renew', pool.renew(one));
    else if (one.type === 'reconfigure') this.#reconfigure(one.changes);
    else if (one.type === 'suspend') pool.suspend();
    else if (one.type === 'resume') pool.resume();
    else if (one.type === 'tryLease') this.callers.tryLease();
    else if (one.type === 'reopen') {
      this.call('close', pool.close());
      this.call('setup', pool.setup());
    } else if ('who' in one) this.#performOnConnection(one);
    else if ('which' in one) this.callers.perform(one);
    else if ('waitTimeout' in one) this.callers.ask(one);
  }

  /** Aborts all callers that wait, and finishes the work of the others. */
  async finishAll(): Promise<void> {
    const { callers, rig } = this;
    rig.pool.resume();
    for (const { controller } of callers.all) controller.abort(new Error('aborted by the scenario'));
    await settle();
    for (const { finish } of callers.all) finish();
    await rig.clock.advance(RESET_TIMEOUT);
  }

  #reconfigure(changes: Changes): void {
    try {
      this.rig.pool.reconfigure(changes);
    } catch (error) {
      // A nested action has added the connection that the factory had just created.
      if (!(error instanceof ConnectionFactoryError)) throw error;
    }
  }

  #performOnConnection({ type, who }: ConnectionAction): void {
    const { pool, made } = this.rig;
    const connection = made[who % Math.max(1, made.length)];
    if (!connection) return;
    if (type === 'remove') pool.removeConnections([connection]);
    else if (type === 'rejoin') this.call('rejoin', pool.extendPoolByConnections([connection]));
    else if (type === 'eject') pool.ejectConnections([connection], { duration: 1_500 });
    else if (type === 'invalidate') pool.invalidateConnections([connection]);
    else if (type === 'capacityError') this.capacities.get(connection)?.error(new Error('of capacity$'));
    else if (type in CAPACITIES) this.capacities.get(connection)?.next(CAPACITIES[type as keyof typeof CAPACITIES]);
    else if (type === 'send' && connection.state !== 'connected') return;
    else if (type === 'reply' && connection.pending === 0) return;
    else connection[type as 'lose']();
  }
}
