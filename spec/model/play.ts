import { BehaviorSubject, type Observable, type Subscription } from 'rxjs';
import { ConnectionFactoryError, circuitBreaker, reconnectBroken } from 'rxpool';
import type { DialScript } from 'rxpool/testing';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';
import type { Act, Changes, Character, Preparation, Schedule, Turn } from './acts.js';
import { Borrowers } from './borrowers.js';
import { LateConnection } from './late-connection.js';
import { Onlookers } from './onlookers.js';

export const CONNECT_TIMEOUT = 5_000;
const RESET_TIMEOUT = 5_000;
const CLOSE_TIMEOUT = 2_000;
const DRAIN_TIMEOUT = 1_000;
/** Within so many milliseconds `close()` has to resolve, whatever goes on. */
export const BOUND = DRAIN_TIMEOUT + CLOSE_TIMEOUT;

const TYPES = { own: OwnConnection, subject: SubjectConnection, late: LateConnection };

const CAPACITIES = { tellOne: 1, tellNone: 0, tellNonsense: -1 };

/** Something done to a connection before it is given out. */
const preparing = (how: Preparation): false | (() => Promise<void>) => {
  if (how === 'none') return false;
  if (how === 'hang') return () => new Promise(() => {});
  return () => (how === 'settle' ? Promise.resolve() : Promise.reject(new Error('of the preparation')));
};

/** One schedule being played. */
export class Play {
  readonly rig: Rig;
  readonly borrowers: Borrowers;
  readonly onlookers: Onlookers;
  /** Calls that have not been answered. */
  readonly open = new Set<string>();
  readonly followed: Subscription[] = [];
  readonly capacities = new Map<TestConnection, BehaviorSubject<number>>();
  #calls = 0;

  readonly #nested: Map<number, Act>;
  #tellings = 0;

  constructor({ poolSize, characters, nested, heal, breaker, reset, warmup, ...options }: Schedule) {
    this.#nested = new Map(nested);
    let made = 0;
    const make = (_?: DialScript, name = ''): TestConnection =>
      this.#make(characters[made++ % characters.length]!, name);
    this.rig = rig(make, poolSize, {
      connectTimeout: CONNECT_TIMEOUT,
      closeTimeout: CLOSE_TIMEOUT,
      drainTimeout: DRAIN_TIMEOUT,
      leakThreshold: 4_000,
      resetTimeout: RESET_TIMEOUT,
      ...options,
      reset: preparing(reset),
      warmup: preparing(warmup),
    });
    const { pool, clock } = this.rig;
    const { scheduler } = clock;
    if (heal) pool.reconfigure({ heal: reconnectBroken({ scheduler, backoff: (attempt) => 100 * attempt }) });
    if (breaker) pool.reconfigure({ breaker: circuitBreaker({ scheduler, consecutiveFailures: 2, openFor: 1_000 }) });
    this.borrowers = new Borrowers(pool);
    this.onlookers = new Onlookers(pool);
    for (const stream of [
      pool.connections$,
      pool.connected$,
      pool.broken$,
      pool.health$,
      pool.leastLoaded$,
      pool.events$,
    ]) {
      this.followed.push((stream as Observable<unknown>).subscribe(this.told));
    }
  }

  #make({ kind, onDial, onClose, tells }: Character, name: string): TestConnection {
    const connection = Object.assign(new TYPES[kind]({ onDial, name }), { onClose });
    this.followed.push(connection.state$.subscribe(this.told));
    if (!tells) return connection;
    const capacity$ = new BehaviorSubject(Number.POSITIVE_INFINITY);
    this.capacities.set(connection, capacity$);
    return Object.assign(connection, { capacity$ });
  }

  /** From here on nobody acts on what they are told. */
  unfollow(): void {
    this.#nested.clear();
    for (const subscription of this.followed) subscription.unsubscribe();
  }

  /** Somebody is told something, and may act on it there and then. */
  readonly told = (): void => {
    const one = this.#nested.get(++this.#tellings);
    // The very first come while the pool is made.
    if (one && this.onlookers) this.actNow(one);
  };

  call(name: string, promise: Promise<unknown>): void {
    const call = `${++this.#calls}: ${name}`;
    this.open.add(call);
    const answered = (): boolean => this.open.delete(call);
    promise.then(answered, answered);
  }

  async act(one: Act): Promise<void> {
    const { clock } = this.rig;
    if (one.type === 'microtasks') await undefined;
    else if (one.type === 'settle') await settle();
    else if (one.type === 'pass') await clock.advance(one.by);
    else this.actNow(one);
  }

  actNow(one: Act): void {
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
    else if (one.type === 'tryLease') this.borrowers.tryLease();
    else if (one.type === 'reopen') {
      this.call('close', pool.close());
      this.call('setup', pool.setup());
    } else if ('who' in one) this.#turn(one);
    else if ('which' in one) this.borrowers.move(one);
    else if ('waitTimeout' in one) this.borrowers.ask(one);
  }

  /** Everybody has what they want, or wants nothing any more. */
  async rest(): Promise<void> {
    const { borrowers, rig } = this;
    rig.pool.resume();
    for (const { controller } of borrowers.all) controller.abort(new Error('time to go'));
    await settle();
    for (const { finish } of borrowers.all) finish();
    await rig.clock.advance(RESET_TIMEOUT);
  }

  #reconfigure(changes: Changes): void {
    try {
      this.rig.pool.reconfigure(changes);
    } catch (error) {
      // Somebody has taken in what was being made.
      if (!(error instanceof ConnectionFactoryError)) throw error;
    }
  }

  #turn({ type, who }: Turn): void {
    const { pool, made } = this.rig;
    const connection = made[who % Math.max(1, made.length)];
    if (!connection) return;
    if (type === 'remove') pool.removeConnections([connection]);
    else if (type === 'rejoin') this.call('rejoin', pool.extendPoolByConnections([connection]));
    else if (type === 'eject') pool.ejectConnections([connection], { duration: 1_500 });
    else if (type === 'invalidate') pool.invalidateConnections([connection]);
    else if (type === 'tellNoMore') this.capacities.get(connection)?.error(new Error('of capacity$'));
    else if (type in CAPACITIES) this.capacities.get(connection)?.next(CAPACITIES[type as keyof typeof CAPACITIES]);
    else if (type === 'send' && connection.state !== 'connected') return;
    else if (type === 'reply' && connection.pending === 0) return;
    else connection[type as 'lose']();
  }
}
