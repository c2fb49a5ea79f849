import type { Observable } from 'rxjs';
import { abortable } from '../abort.js';
import type { Acquirer, AcquireTerms } from '../borrowing/acquirer.js';
import { CallLimits, type CallTerms } from '../borrowing/call-limits.js';
import { traceCaller } from '../borrowing/caller-stack.js';
import type { Checkout } from '../borrowing/checkout.js';
import { Lease } from '../borrowing/lease.js';
import { run, use, useWithin, type Work } from '../borrowing/use.js';
import { type StreamingWork, withConnection } from '../borrowing/with-connection.js';
import * as check from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { type AsyncDisposal, makeDisposable } from '../disposal.js';
import { outOfRange, wrongType } from '../errors.js';
import type { PoolEvent } from '../health/events.js';
import type { Health } from '../health/health.js';
import { INSPECT } from '../inspect.js';
import type { Snapshot } from '../membership/lists.js';
import type { Member } from '../membership/member.js';
import { repeatDials } from './attempts.js';
import {
  BORROW_OPTIONS,
  type BorrowOptions,
  type CallChecks,
  CLOSE_OPTIONS,
  type CloseOptions,
  DIAL_OPTIONS,
  type DialOptions,
  DRAIN_OPTIONS,
  type DrainOptions,
  type EjectOptions,
  type InvalidateOptions,
  READY_OPTIONS,
  RENEW_OPTIONS,
  type ReadyOptions,
  type RenewOptions,
  SIGNAL_OPTIONS,
  type SignalOptions,
  USE_OPTIONS,
  type UseOptions,
} from './call-options.js';
import { checkConnections } from './check-connections.js';
import type { ConnectionFactory } from './connection-factory.js';
import { PoolContext } from './context.js';
import { healthWhen } from './health-when.js';
import { Lifecycle } from './lifecycle.js';
import { checkObserver, type PoolObserver } from './observer.js';
import {
  type ConnectionPoolOptions,
  checkPoolSizeBounds,
  type Reconfiguration,
  resolveChanges,
  resolveOptions,
} from './options.js';
import { invalidateUnresponsive } from './ping-idle.js';

type Terms<K> = AcquireTerms<K> & CallTerms;

/** Types for `await using`. */
// biome-ignore lint/correctness/noUnusedVariables: merged with the class, whose parameters these are.
export interface ConnectionPool<C extends Connection, K = void> extends AsyncDisposal {}

/**
 * A pool of connections that each carry many requests at once. It gives out the least loaded healthy one, mends
 * what breaks, and shows its health as streams.
 *
 * Streams are hot, replay their current value (except `events$`), never error, and complete when the pool is
 * disposed of. Methods that return a promise reject and never throw; wrong arguments are answered with a
 * `TypeError` or `RangeError` that has a `code`, before anything changes. A signal that aborts makes the promise
 * reject with its reason, and cancels nothing that others may wait for. The signal of `close()` only cuts the draining
 * short.
 *
 * @typeParam C - the kind of connection.
 * @typeParam K - the key that the strategy chooses by, where it does.
 * @example
 * ```ts
 * const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: 7556 }));
 * await pool.setup();
 * pool.health$.subscribe(({ status, connected }) => console.log(status, connected));
 * await pool.use((connection) => connection.send('SET', 'greeting', 'hello'));
 * await pool.dispose();
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: makeDisposable() below keeps what the interface promises.
export class ConnectionPool<C extends Connection, K = void> {
  /** The function that makes connections, as it was given. */
  readonly connectionFactory: ConnectionFactory<C>;
  /** The members, in order of joining. Joining shows here first, leaving last. */
  readonly connections$: Observable<readonly C[]>;
  /** Those connected and in service. A connection that moves leaves one list before it enters another. */
  readonly connected$: Observable<readonly C[]>;
  /** Those that failed or were lost, and are not being dialled. */
  readonly broken$: Observable<readonly C[]>;
  /** The three lists at one moment, for a subscriber that needs more than one of them. */
  readonly snapshot$: Observable<Snapshot<C>>;
  /**
   * The connection that would be picked now; `undefined` where the choice needs a key. Changes of load show once a
   * microtask.
   */
  readonly leastLoaded$: Observable<C | undefined>;
  /** The sum of the members' loads, in requests. Changes of load show once a microtask. */
  readonly pending$: Observable<number>;
  /** The figures of the pool. Status and membership show at once, load once a microtask. */
  readonly health$: Observable<Health>;
  /** What happens, as it happens; replays nothing. */
  readonly events$: Observable<PoolEvent<C>>;

  readonly #context: PoolContext<C, K>;
  readonly #lifecycle: Lifecycle<C, K>;
  readonly #acquirer: Acquirer<C, K>;

  /**
   * @param poolSize - how many connections the pool aims for.
   * @param connectionFactory - returns a new connection at each call.
   * @throws RangeError, TypeError for arguments that cannot be.
   */
  constructor(poolSize: number, connectionFactory: ConnectionFactory<C>, options?: ConnectionPoolOptions<C, K>) {
    check.checkSize('poolSize', poolSize);
    check.checkFunction('connectionFactory', connectionFactory);
    const resolved = resolveOptions(options);
    checkPoolSizeBounds('poolSize', poolSize, resolved);
    const context = new PoolContext(poolSize, connectionFactory, resolved);
    const { health, events } = context;
    const { lists } = context.membership;
    this.#context = context;
    this.#lifecycle = new Lifecycle<C, K>(context, this);
    this.#acquirer = context.acquirer;
    this.connectionFactory = connectionFactory;
    this.connections$ = lists.connections.observable;
    this.connected$ = lists.connected.observable;
    this.broken$ = lists.broken.observable;
    this.snapshot$ = lists.snapshot.observable;
    this.leastLoaded$ = health.leastLoaded.observable;
    this.pending$ = health.pending.observable;
    this.health$ = health.health.observable;
    this.events$ = events.observable;
  }

  /** How many connections the pool aims for. */
  get poolSize(): number {
    return this.#context.poolSize;
  }

  /** `poolSize` is never made smaller than this. */
  get minSize(): number {
    return this.#context.options.minSize;
  }

  /** `poolSize` is never made larger than this; Infinity where no limit was set. */
  get maxSize(): number {
    return this.#context.options.maxSize;
  }

  /** The members, in order of joining; an array that never changes. */
  get connections(): readonly C[] {
    return this.#context.membership.lists.connections.list.array;
  }

  /** Those connected and in service. */
  get connectedConnections(): readonly C[] {
    return this.#context.membership.lists.connected.list.array;
  }

  /** Those that failed or were lost, and are not being dialled. */
  get brokenConnections(): readonly C[] {
    return this.#context.membership.lists.broken.list.array;
  }

  /** The figures of the pool now. */
  get health(): Health {
    return this.#context.health.read();
  }

  /** Whether there are no connections. */
  isEmpty(): boolean {
    return this.#context.membership.size === 0;
  }

  /** Whether there are at least `poolSize` connections. */
  isFull(): boolean {
    return this.#context.size >= this.#context.poolSize;
  }

  /** Whether at least one is connected and in service. */
  isWorking(): boolean {
    return this.#context.membership.counts.serving > 0;
  }

  /**
   * Opens the pool, fills it up to `poolSize` and dials every member that is fresh or broken. Resolves when every
   * attempt has settled; a server that refuses leaves broken connections behind, not a rejection. With `attempts` those
   * are dialled again, with a backoff. Where `endpoints` is an observable it waits for the first list.
   *
   * @throws {@link ConnectionFactoryError}, {@link PoolDisposedError}, and {@link NoEndpointsError} where `endpoints` has
   * ended without a list that can be used. All as rejections.
   * @example
   * ```ts
   * await pool.setup({ attempts: 3 }); // a server that is late by 700 ms is found
   * ```
   */
  async setup(options: DialOptions = {}): Promise<void> {
    const attempts = this.#attempts(options);
    const { signal } = options;
    await abortable(
      this.#lifecycle.fill().then(() => repeatDials(this.#context, attempts, signal)),
      signal,
    );
  }

  /**
   * Adds and connects new connections, as many as `maxSize` leaves room for; `poolSize` becomes the larger of itself
   * and the number of members. Resolves when every attempt has settled.
   *
   * @throws {@link ConnectionFactoryError}, {@link NoEndpointsError}, {@link PoolClosedError} and
   * {@link PoolDisposedError}, as rejections.
   */
  async extendPoolBySize(size: number, options: SignalOptions = {}): Promise<void> {
    check.checkSize('size', size);
    this.#checkWaiting(options, SIGNAL_OPTIONS);
    this.#checkNotClosed();
    await abortable(this.#lifecycle.extend(size), options.signal);
  }

  /**
   * Adds connections and connects those that are not; ignores members. The iterable is read once, before
   * anything changes. Resolves when every attempt has settled.
   *
   * @throws RangeError for more than `maxSize` leaves room for, TypeError for a connection of another pool,
   * {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async extendPoolByConnections(connections: Iterable<C>, options: SignalOptions = {}): Promise<void> {
    const given = checkConnections('connections', connections);
    this.#checkWaiting(options, SIGNAL_OPTIONS);
    this.#checkNotClosed();
    const { membership } = this.#context;
    const added = given.filter((connection, place) => {
      if (!membership.isElsewhere(connection)) return !membership.memberOf(connection);
      throw wrongType(`connections[${place}]`, 'a connection that belongs to no other pool', connection);
    });
    const { remainingCapacity } = this.#lifecycle;
    if (added.length > remainingCapacity) {
      throw outOfRange(
        'connections',
        `at most ${remainingCapacity} new ones, for which maxSize leaves room`,
        added.length,
      );
    }
    await abortable(this.#lifecycle.add(added), options.signal);
  }

  /**
   * Lowers `poolSize` by `amount`, though not below `minSize`, and removes the surplus. Unused connections leave in this
   * order: broken, fresh, connecting, connected; the latest joined first. Where the pool has `endpoints`, those to the
   * endpoint with the most members go first. With `deletePendingConnections` busy ones follow, the least loaded first, and
   * finish their work before they are closed. If not enough could go, `poolSize` becomes what is left.
   *
   * @param amount - an integer; zero and less change nothing.
   * @returns how many left. Their closing goes on behind; `close()` waits for it.
   * @throws {@link PoolDisposedError}
   */
  reducePoolConnections(amount: number, deletePendingConnections = false): number {
    check.checkInteger('amount', amount);
    check.checkBoolean('deletePendingConnections', deletePendingConnections);
    this.#checkNotDisposed();
    return amount <= 0 ? 0 : this.#lifecycle.reduce(amount, deletePendingConnections);
  }

  /**
   * Removes and closes the broken ones; `poolSize` stays, so that `setup()` refills. Returns how many left.
   *
   * @throws {@link PoolDisposedError}
   */
  cleanupBrokenConnections(): number {
    this.#checkNotDisposed();
    const { membership } = this.#context;
    return membership.remove(membership.inPhase('broken', 'abandoned'), 'cleanup', 0);
  }

  /**
   * Takes connections out, lets them finish and closes them; `poolSize` stays. Returns how many left; those that
   * are no members are ignored.
   *
   * @throws {@link PoolDisposedError}
   */
  removeConnections(connections: Iterable<C>, options: DrainOptions = {}): number {
    const given = checkConnections('connections', connections);
    const drainTimeout = this.#drainTimeout(options, DRAIN_OPTIONS);
    this.#checkNotDisposed();
    return this.#context.membership.remove(this.#membersOf(given), 'removed', drainTimeout);
  }

  /**
   * Takes connections out of service for `duration` milliseconds, after which they are back; they stay members and
   * finish what they carry. One that is ejected already stays so for the new duration. Returns how many are out; only
   * connected members can be.
   *
   * @throws {@link PoolDisposedError}
   */
  ejectConnections(connections: Iterable<C>, options: EjectOptions): number {
    const given = checkConnections('connections', connections);
    check.checkOptions('options', options, ['duration']);
    const { duration } = options;
    check.checkDuration('options.duration', duration);
    this.#checkNotDisposed();
    const { membership, turns } = this.#context;
    const members = this.#membersOf(given);
    return turns.run(() => members.filter((member) => membership.eject(member, duration)).length);
  }

  /**
   * Takes connections out of use that are known to be bad, whatever they say of themselves: they are broken from now
   * on and closed, and whatever heals the pool dials them anew. What they carry fails, but for what a connection still
   * finishes in its own `close()`. Returns how many; only connected members can be.
   *
   * @throws {@link PoolDisposedError}
   */
  invalidateConnections(connections: Iterable<C>, options: InvalidateOptions = {}): number {
    const given = checkConnections('connections', connections);
    check.checkOptions('options', options, ['cause']);
    this.#checkNotDisposed();
    const members = this.#membersOf(given);
    return this.#context.turns.run(
      () => members.filter((member) => this.#context.invalidate(member, options.cause)).length,
    );
  }

  /**
   * Redials the broken ones, or all with `false`. Healthy ones go out of service, finish what they carry and are
   * dialled anew: at most half of the pool at a time, but at least one. A renewal under way comes first. With
   * `attempts` those that do not come up are dialled again, with a backoff.
   *
   * After `reconnect(false)` idle connections that have a `ping` are sent one; those that do not answer within
   * `connectTimeout` are invalidated, `events$` tells of each, and they are not counted.
   *
   * @returns how many are connected afterwards.
   * @throws {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async reconnect(onlyBrokenConnections = true, options: DialOptions = {}): Promise<number> {
    check.checkBoolean('onlyBrokenConnections', onlyBrokenConnections);
    const attempts = this.#attempts(options);
    this.#checkNotClosed();
    const { signal } = options;
    const reconnect = async (): Promise<void> => {
      await this.#lifecycle.reconnect(onlyBrokenConnections, signal);
      if (!onlyBrokenConnections) await invalidateUnresponsive(this.#context);
      await repeatDials(this.#context, attempts, signal);
    };
    await abortable(reconnect(), signal);
    return this.#context.membership.counts.serving;
  }

  /**
   * Replaces connections by new ones from the factory without failing work, after a failover or for rotated
   * credentials. Each old one leaves when its replacement is connected, and is closed when it has finished what it
   * carries. With `maxUnavailable`, so many at a time leave without waiting for their replacements. One renewal follows
   * another, and `reconnect(false)` follows either. None waits for an old connection that is in use for longer than the
   * pool's `drainTimeout`. An abort lets the replacement under way be the last.
   *
   * Afterwards idle connections that have a `ping` are sent one; those that do not answer within `connectTimeout` are
   * invalidated, and `events$` tells of each.
   *
   * @returns how many were replaced, when all of them are closed.
   * @throws {@link RenewalError} when a replacement cannot be connected: the connections not yet replaced stay, and
   * `silent` names those that did not answer;
   * {@link ConnectionFactoryError}, {@link NoEndpointsError}, {@link PoolClosedError} and {@link PoolDisposedError}. All
   * as rejections.
   * @example
   * ```ts
   * await pool.renew({ maxUnavailable: 2, drainTimeout: 30_000 });
   * ```
   */
  async renew(options: RenewOptions<C> = {}): Promise<number> {
    this.#checkWaiting(options, RENEW_OPTIONS);
    const { connections, signal } = options;
    const given = connections === undefined ? undefined : checkConnections('options.connections', connections);
    this.#checkNotClosed();
    return abortable(this.#lifecycle.renew(given && this.#membersOf(given), options), signal);
  }

  /**
   * Changes sizes, limits and policies of a pool at work. What is not named stays as it is. A larger `poolSize` adds
   * and dials connections; a smaller one, or a smaller `maxSize`, removes some, those in use when they have finished.
   * A smaller `maxPending` revokes no lease. Other `endpoints` are gone by from now on: members are moved one at a time,
   * from a second later. Policies that stay the same objects go on undisturbed.
   *
   * @throws RangeError, TypeError, {@link ConnectionFactoryError}, {@link PoolDisposedError}, and what a new `select`
   * throws, before anything changes.
   * @example
   * ```ts
   * pool.reconfigure({ poolSize: 12, maxPending: 64, waitTimeout: 2_000 });
   * ```
   */
  reconfigure(changes: Reconfiguration<C, K>): void {
    const { options } = this.#context;
    const given = resolveChanges(changes, options);
    const { poolSize } = changes;
    if (poolSize !== undefined) {
      check.checkSize('changes.poolSize', poolSize);
      checkPoolSizeBounds('changes.poolSize', poolSize, { ...options, ...given });
    }
    this.#checkNotDisposed();
    this.#lifecycle.reconfigure(given, poolSize);
  }

  /**
   * Tells an observer of waiting, use and dials from now on, beside that of the option `observer`: for metrics of a pool
   * that exists. While a pool has no observer, it measures nothing.
   *
   * @returns a function that ends it; idempotent.
   * @throws TypeError for an observer that cannot be, and {@link PoolDisposedError}.
   * @example
   * ```ts
   * const stop = pool.observe({ onWait: ({ durationMs, outcome }) => console.log(outcome, durationMs) });
   * stop();
   * ```
   */
  observe(observer: PoolObserver<C>): () => void {
    checkObserver('observer', observer);
    this.#checkNotDisposed();
    return this.#context.observation.add(observer);
  }

  /**
   * Gives nothing out until `resume()`, closing and opening included: callers wait, each until its own deadline. Work
   * under way goes on; `growOnDemand` adds no connections for waiting callers, and `shrinkIdle` removes none.
   * `health.suspended` and `events$` tell of it. Idempotent.
   *
   * @example
   * ```ts
   * pool.suspend();
   * await migrate();
   * pool.resume();
   * ```
   */
  suspend(): void {
    this.#lifecycle.setSuspended(true);
  }

  /** Serves waiting callers in their order, and gives out connections again. Idempotent. */
  resume(): void {
    this.#lifecycle.setSuspended(false);
  }

  /**
   * The connection to be used now, as `select` chooses without a key: by default the connected one with the least
   * load; connections of equal load take turns.
   *
   * @throws {@link PoolEmptyError}, {@link PoolNotConnectedError}, {@link PoolExhaustedError},
   * {@link PoolSuspendedError}, {@link PoolClosedError}, {@link PoolDisposedError}; a `TypeError` where the strategy
   * requires a key
   */
  getLeastLoadedConnection(): C {
    const member = this.#acquirer.pick(undefined as K);
    if (!member) throw this.#context.errors.unavailableError();
    return member.connection;
  }

  /**
   * Runs work on the connection to be used now, and counts it there until it has settled. Where nothing can take
   * the work the caller waits its turn.
   *
   * @param work - called at once where a connection is free, and in any case in the caller's async context. Its signal
   * aborts when the caller gives up or the connection is lost or taken away; the borrowing lasts until the work settles
   * or the connection has been closed.
   * @throws {@link WaitTimeoutError} after `waitTimeout`, {@link WaitQueueFullError} where too many wait already,
   * {@link CircuitOpenError}, {@link UseTimeoutError} after `timeout`,
   * {@link PoolClosedError}, {@link PoolDisposedError}, the reason of the signal, and what `work` throws; with
   * `maxWaiting: 0` what `getLeastLoadedConnection` throws. All as rejections.
   * @example
   * ```ts
   * const size = await pool.use((connection) => connection.send('DBSIZE'), { timeout: 500 });
   * ```
   */
  use<T>(work: Work<C, T>, options?: UseOptions<K>): Promise<T> {
    try {
      check.checkFunction('work', work);
      const checkout = options === undefined && this.#acquirer.acquireNow(undefined as K);
      if (checkout) return run(checkout, work);
      const terms = this.#terms(options);
      const isLimited = terms.signal !== undefined || terms.timeout !== undefined;
      return isLimited ? useWithin(this.#acquirer, terms, work) : use(this.#acquirer, terms, work);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Like `use`, for work that is a stream (or anything `from` takes). Cold: each subscription borrows a connection of
   * its own, waiting its turn where need be, and gives it back when the work completes or errors, before its subscriber
   * is told, and on unsubscribing.
   *
   * Emits what the work emits, and completes with it. Errors with the error of the work, or with what `use` rejects
   * with.
   *
   * @throws TypeError, RangeError at the call.
   * @example
   * ```ts
   * const ticks$ = replicas.withConnection((replica) => replica.listen('ticks'));
   * ```
   */
  withConnection<T>(work: StreamingWork<C, T>, options?: UseOptions<K>): Observable<T> {
    check.checkFunction('work', work);
    if (options !== undefined) check.checkEach('options', options, USE_OPTIONS);
    return withConnection(this.#acquirer, () => this.#terms(options), work);
  }

  /**
   * Borrows a connection until its lease is released: for work that is more than one call. Waits its turn where nothing
   * is free. With `maxPending: 1` no other caller uses it meanwhile.
   *
   * @throws what `use` throws while it waits, as rejections.
   * @example
   * ```ts
   * using lease = await pool.lease({ waitTimeout: 1_000 });
   * await transfer(lease.connection, lease.signal);
   * ```
   */
  async lease(options?: BorrowOptions<K>): Promise<Lease<C>> {
    const acquiredAt = this.#context.leaks.trace();
    const checkout = options === undefined && this.#acquirer.acquireNow(undefined as K);
    if (checkout) return this.#lease(checkout, acquiredAt);
    const terms = this.#terms(options, BORROW_OPTIONS);
    const limits = terms.signal && new CallLimits<C>(terms, this.#acquirer.deadlines);
    const lend = (acquired: Checkout<C>): Lease<C> => {
      limits?.settle();
      return this.#lease(acquired, acquiredAt);
    };
    return this.#acquirer.acquire(terms, limits, lend, undefined).catch((error: unknown) => {
      limits?.settle();
      throw traceCaller(error);
    });
  }

  /**
   * A lease at once, or none where nothing can be given out now. It overtakes no waiting caller, except one whose key
   * gets no connection.
   *
   * @throws {@link PoolDisposedError}, and what a strategy of your own throws.
   */
  tryLease(options?: { readonly key?: K | undefined }): Lease<C> | undefined {
    if (options !== undefined) check.checkOptions('options', options, ['key']);
    this.#checkNotDisposed();
    const checkout = this.#acquirer.acquireNow(options?.key as K);
    return checkout && this.#lease(checkout, this.#context.leaks.trace());
  }

  /**
   * Resolves once so many are connected and in service.
   *
   * @throws {@link ReadyTimeoutError}, whose `cause` is the last dial's failure; {@link PoolNotConnectedError} with that
   * cause once every member has been given up; {@link PoolClosedError} and {@link PoolDisposedError}. All as rejections.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    this.#checkWaiting(options, READY_OPTIONS);
    const { min = 1, timeout, signal } = options;
    this.#checkNotClosed();
    this.#openIfNew();
    // The factory may have aborted it.
    options?.signal?.throwIfAborted();
    const { options: resolved, errors } = this.#context;
    const timeoutError = (): Error => errors.readyTimeoutError(min, timeout);
    const { scheduler } = resolved;
    // It is of no use to wait on where the pool is closed, or all members are given up.
    const isOver = ({ connected, status, abandoned, total }: Health): boolean =>
      connected >= min || status === 'closed' || (total > 0 && abandoned === total);
    const { connected, status } = await healthWhen(this.health$, isOver, { timeout, signal, scheduler, timeoutError });
    if (connected < min) throw status === 'closed' ? errors.closedError() : errors.notConnectedError();
  }

  /**
   * Closes the pool. At the call every member leaves, waiting callers are refused, the signals of leases abort, and no
   * work is taken on. Work in flight gets `drainTimeout`; then every connection is closed, and unfinished work fails
   * with the error of its connection. Resolves when all of them are closed, within `drainTimeout` and the pool's
   * `closeTimeout`. `setup()` may follow at once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const drainTimeout = this.#drainTimeout(options, CLOSE_OPTIONS);
    if (!this.#isDisposed) this.#lifecycle.close('closed', drainTimeout);
    await this.#lifecycle.whenClosed(drainTimeout, options.signal);
  }

  /** Closes the pool for good: its streams give a last value and complete. */
  async dispose(): Promise<void> {
    const { drainTimeout } = this.#context.options;
    if (!this.#isDisposed) this.#lifecycle.close('disposed', drainTimeout);
    await this.#lifecycle.whenClosed(drainTimeout);
  }

  /** Name, status and figures in a line; what inspecting it shows as well. */
  toString(): string {
    const { name, status, poolSize, connected, pending, waiting } = this.health;
    const title = name === undefined ? 'ConnectionPool' : `ConnectionPool ${name}`;
    return `${title} (${status}, ${connected} of ${poolSize} connected, ${pending} pending, ${waiting} waiting)`;
  }

  get #isDisposed(): boolean {
    return this.#context.state.phase === 'disposed';
  }

  #membersOf(connections: readonly C[]): Member<C>[] {
    const { membership } = this.#context;
    return connections.map((connection) => membership.memberOf(connection)).filter((member) => member !== undefined);
  }

  /** The first use of a pool opens it. What fails later is told by events, and to callers when their time is up. */
  #openIfNew(): void {
    if (this.#context.state.phase === 'new') this.#lifecycle.fill().catch(() => {});
  }

  #lease(checkout: Checkout<C>, acquiredAt: string | undefined): Lease<C> {
    const invalidate = ({ member }: Checkout<C>, cause: unknown): void => void this.#context.invalidate(member, cause);
    return new Lease(checkout, invalidate, this.#context.leaks.watch(checkout, acquiredAt));
  }

  #terms(options: UseOptions<K> | undefined, checks: CallChecks = USE_OPTIONS): Terms<K> {
    if (options !== undefined) check.checkEach('options', options, checks);
    this.#checkNotDisposed();
    options?.signal?.throwIfAborted();
    this.#openIfNew();
    // The factory may have aborted it.
    options?.signal?.throwIfAborted();
    const { options: resolved, errors } = this.#context;
    const { waitTimeout } = resolved;
    if (options === undefined) return { key: undefined as K, waitTimeout, signal: undefined, timeout: undefined };
    const { key, timeout } = options;
    return {
      key: key as K,
      waitTimeout: options.waitTimeout ?? waitTimeout,
      signal: options.signal,
      timeout,
      timeoutError: (connection) => errors.useTimeoutError(timeout, connection),
    };
  }

  #attempts(options: DialOptions): number {
    this.#checkWaiting(options, DIAL_OPTIONS);
    return options.attempts ?? 1;
  }

  #checkWaiting(options: SignalOptions, checks: CallChecks): void {
    check.checkEach('options', options, checks);
    this.#checkNotDisposed();
    options.signal?.throwIfAborted();
  }

  #checkNotClosed(): void {
    if (this.#context.state.isClosed) throw this.#context.errors.closedError();
  }

  #checkNotDisposed(): void {
    if (this.#isDisposed) throw this.#context.errors.closedError();
  }

  #drainTimeout(options: DrainOptions, checks: CallChecks): number {
    check.checkEach('options', options, checks);
    return options.drainTimeout ?? this.#context.options.drainTimeout;
  }
}

makeDisposable(ConnectionPool.prototype, 'asyncDispose', 'dispose');

// On the prototype, so that it is no member of the class in its types.
Object.defineProperty(ConnectionPool.prototype, INSPECT, {
  value(this: ConnectionPool<Connection>): string {
    return this.toString();
  },
});
