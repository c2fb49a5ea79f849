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
 * A pool of connections that each carry many requests at once. It lends out the least loaded connection in service,
 * redials broken ones, and shows its health as streams.
 *
 * **Load** is what selection ranks by: the larger of the requests in flight on a connection and the leases open on it.
 * `pending` is the sum of the members' loads.
 *
 * Streams are hot, replay their current value (except `events$`), never error, and complete when the pool is disposed
 * of. Methods that return a promise never throw: they reject. A wrong argument fails with a `TypeError` or `RangeError`
 * that has a `code`, before anything changes. An aborted signal rejects the promise with its reason; the dials and work
 * that have begun go on. The signal of `close()` only ends the draining early.
 *
 * @typeParam C - the kind of connection.
 * @typeParam K - the key that the strategy chooses by; `void` for a strategy without keys.
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
  /** The function that makes connections. */
  readonly connectionFactory: ConnectionFactory<C>;
  /**
   * The members, in order of joining. A connection enters this list before the other lists, and leaves it after them.
   */
  readonly connections$: Observable<readonly C[]>;
  /** The members that are connected and in service. A connection leaves one list before it enters another. */
  readonly connected$: Observable<readonly C[]>;
  /** The members that failed or were lost. A member that is being dialled is in neither `broken$` nor `connected$`. */
  readonly broken$: Observable<readonly C[]>;
  /** The three lists at one moment, for a subscriber that needs several of them. */
  readonly snapshot$: Observable<Snapshot<C>>;
  /**
   * The connection that `select` would pick now; `undefined` if there is none or the choice needs a key. Changes of
   * load are emitted once a microtask.
   */
  readonly leastLoaded$: Observable<C | undefined>;
  /** The sum of the members' loads, in requests. Changes of load are emitted once a microtask. */
  readonly pending$: Observable<number>;
  /**
   * The figures of the pool. Changes of status and membership are emitted at once, changes of load once a microtask.
   */
  readonly health$: Observable<Health>;
  /** Each event of the pool as it happens. Replays nothing. */
  readonly events$: Observable<PoolEvent<C>>;

  readonly #context: PoolContext<C, K>;
  readonly #lifecycle: Lifecycle<C, K>;
  readonly #acquirer: Acquirer<C, K>;

  /**
   * @param poolSize - how many connections the pool aims for.
   * @param connectionFactory - returns a new connection at each call.
   * @throws RangeError, TypeError for invalid arguments.
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

  /** The lower bound of `poolSize`. */
  get minSize(): number {
    return this.#context.options.minSize;
  }

  /** The upper bound of `poolSize`; Infinity if no limit was set. */
  get maxSize(): number {
    return this.#context.options.maxSize;
  }

  /** The members, in order of joining; a snapshot that never changes. */
  get connections(): readonly C[] {
    return this.#context.membership.lists.connections.list.array;
  }

  /** The members that are connected and in service. */
  get connectedConnections(): readonly C[] {
    return this.#context.membership.lists.connected.list.array;
  }

  /** The members that failed or were lost. Members that are being dialled are not included. */
  get brokenConnections(): readonly C[] {
    return this.#context.membership.lists.broken.list.array;
  }

  /** The figures of the pool now. */
  get health(): Health {
    return this.#context.health.read();
  }

  /** Whether the pool has no members. */
  isEmpty(): boolean {
    return this.#context.membership.size === 0;
  }

  /** Whether the pool has at least `poolSize` members. */
  isFull(): boolean {
    return this.#context.size >= this.#context.poolSize;
  }

  /** Whether at least one member is connected and in service. */
  isWorking(): boolean {
    return this.#context.membership.counts.serving > 0;
  }

  /**
   * Opens the pool, fills it up to `poolSize` and dials every member that is fresh or broken. Resolves when every dial
   * has settled. A dial that fails leaves a broken member; `setup()` does not reject for it. With `attempts` the
   * members whose dial failed are dialled again, with a backoff. If `endpoints` is an observable, `setup()` waits for
   * its first list.
   *
   * @throws {@link ConnectionFactoryError}, {@link PoolDisposedError}, and {@link NoEndpointsError} if `endpoints`
   * ended without a usable list. All as rejections.
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
   * Makes `size` new connections, or as many as `maxSize` allows, and dials them. `poolSize` grows to the number of
   * members if that is larger. Resolves when every dial has settled.
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
   * Adds the given connections and dials those that are not connected. Connections that are already members are
   * ignored. The iterable is read once, before anything changes. Resolves when every dial has settled.
   *
   * @throws RangeError for more connections than `maxSize` allows, TypeError for a connection of another pool,
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
   * Lowers `poolSize` by `amount`, at most to `minSize`, and removes the surplus. Members with load 0 leave in this
   * order: broken, fresh, connecting, connected; within each group the latest joined first. If the pool has
   * `endpoints`, members of the endpoint with the most members leave first. With `deletePendingConnections` busy
   * members follow, the least loaded first, and finish their work before they are closed. If too few could leave,
   * `poolSize` becomes the number that is left.
   *
   * @param amount - an integer; zero and less change nothing.
   * @returns how many members left. They are closed in the background; `close()` waits for that.
   * @throws {@link PoolDisposedError}
   */
  reducePoolConnections(amount: number, deletePendingConnections = false): number {
    check.checkInteger('amount', amount);
    check.checkBoolean('deletePendingConnections', deletePendingConnections);
    this.#checkNotDisposed();
    return amount <= 0 ? 0 : this.#lifecycle.reduce(amount, deletePendingConnections);
  }

  /**
   * Removes and closes the broken members. `poolSize` stays, so that a later `setup()` refills the pool. Returns how
   * many left.
   *
   * @throws {@link PoolDisposedError}
   */
  cleanupBrokenConnections(): number {
    this.#checkNotDisposed();
    const { membership } = this.#context;
    return membership.remove(membership.inPhase('broken', 'abandoned'), 'cleanup', 0);
  }

  /**
   * Removes connections, lets them finish their work and closes them. `poolSize` stays. Ignores connections that are
   * not members. Returns how many left.
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
   * Takes connections out of service for `duration` milliseconds. They stay members and finish their work. A second
   * ejection restarts the time. Only connected members can be ejected. Returns how many were.
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
   * Marks connections that you know to be bad as broken, whatever state they report, and closes them; `heal` then
   * redials them. Their requests in flight fail, except those that the connection's own `close()` still finishes. Only
   * connected members can be invalidated. Returns how many were.
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
   * Redials the broken members, or all members with `false`. Connected ones then go out of service, finish their work
   * and are dialled again: at most half of the pool at a time, but at least one. They wait for a renewal under way.
   * With `attempts` the members whose dial failed are dialled again, with a backoff.
   *
   * `reconnect(false)` then sends a ping to each idle connection that has `ping`. A connection that does not answer
   * within `connectTimeout` is invalidated, reported in `events$`, and not counted.
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
   * Replaces connections by new ones from the factory without failing work, for example after a failover or a change of
   * credentials. An old connection leaves when its replacement is connected, and is closed when its work has finished.
   * With `maxUnavailable`, that many connections at a time leave before their replacements are connected.
   *
   * Renewals and `reconnect(false)` run one after another. Each waits at most the pool's `drainTimeout` for an old
   * connection that is still in use. After an abort no further replacement starts.
   *
   * The renewal then sends a ping to each idle connection that has `ping`. A connection that does not answer within
   * `connectTimeout` is invalidated and reported in `events$`.
   *
   * @returns how many were replaced, once all of them are closed.
   * @throws {@link RenewalError} if a replacement cannot be connected: the connections not yet replaced stay, and
   * `silent` names those that did not answer the ping; {@link ConnectionFactoryError}, {@link NoEndpointsError},
   * {@link PoolClosedError} and {@link PoolDisposedError}. All as rejections.
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
   * Changes sizes, limits and policies of a running pool. Options that are not given stay as they are.
   *
   * - A larger `poolSize` adds and dials connections. A smaller `poolSize` or `maxSize` removes the surplus; busy
   *   members finish their work first.
   * - A smaller `maxPending` revokes no lease.
   * - New `endpoints` apply at once to new connections. One second later the pool starts to move members, one at a
   *   time.
   * - A policy that is given again as the same function keeps running.
   *
   * @throws RangeError, TypeError, {@link ConnectionFactoryError}, {@link PoolDisposedError}, and the error of a new
   * `select`, before anything changes.
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
   * Adds an observer of waits, uses and dials to a pool that already exists, beside the option `observer`. A pool
   * without observers measures nothing.
   *
   * @returns a function that removes the observer; idempotent.
   * @throws TypeError for an invalid observer, and {@link PoolDisposedError}.
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
   * Stops lending connections until `resume()`, even if the pool is closed and opened meanwhile. Callers wait, each
   * until its own deadline. Work under way goes on. `growOnDemand` adds no connections for waiting callers, and
   * `shrinkIdle` removes none. Shown by `health.suspended` and an event. Idempotent.
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

  /** Lends connections again, to waiting callers in their order. Idempotent. */
  resume(): void {
    this.#lifecycle.setSuspended(false);
  }

  /**
   * The connection that `select` chooses now, without a key. By default that is the one in service with the least load;
   * connections of equal load take turns.
   *
   * @throws {@link PoolEmptyError}, {@link PoolNotConnectedError}, {@link PoolExhaustedError},
   * {@link PoolSuspendedError}, {@link PoolClosedError}, {@link PoolDisposedError}; a `TypeError` if the strategy
   * requires a key
   */
  getLeastLoadedConnection(): C {
    const member = this.#acquirer.pick(undefined as K);
    if (!member) throw this.#context.errors.unavailableError();
    return member.connection;
  }

  /**
   * Borrows a connection, runs `work` with it, and gives it back when the work has settled. While no connection can
   * take the work, the caller waits its turn.
   *
   * @param work - called at once if a connection is free, and always in the caller's async context. Its signal aborts
   * when the caller gives up or the connection is lost or taken away. The connection counts the work as load until it
   * settles or the connection is closed.
   * @throws {@link WaitTimeoutError} after `waitTimeout`, {@link WaitQueueFullError} if too many callers wait,
   * {@link CircuitOpenError}, {@link UseTimeoutError} after `timeout`, {@link PoolClosedError},
   * {@link PoolDisposedError}, the reason of the signal, and the error of `work`; with `maxWaiting: 0` the errors of
   * `getLeastLoadedConnection`. All as rejections.
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
   * Like `use`, for work that is a stream (or anything that `from` takes). The returned observable is cold: each
   * subscription borrows a connection of its own, and waits its turn for it. The connection is given back before
   * `complete` or `error` reaches the subscriber, and on unsubscribing.
   *
   * Emits and completes with the work. Errors with the error of the work, or with an error that `use` would reject
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
   * Borrows a connection until its lease is released, for work of several calls. While no connection is free, the
   * caller waits its turn. With `maxPending: 1` no other caller uses the connection meanwhile.
   *
   * @throws the errors that `use` throws before its work begins, as rejections.
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
   * Returns a lease if a connection can be lent now, and otherwise `undefined`. It does not overtake waiting callers,
   * except callers whose key gets no connection.
   *
   * @throws {@link PoolDisposedError}, and the error of your own strategy.
   */
  tryLease(options?: { readonly key?: K | undefined }): Lease<C> | undefined {
    if (options !== undefined) check.checkOptions('options', options, ['key']);
    this.#checkNotDisposed();
    const checkout = this.#acquirer.acquireNow(options?.key as K);
    return checkout && this.#lease(checkout, this.#context.leaks.trace());
  }

  /**
   * Resolves once `min` members are connected and in service.
   *
   * @throws {@link ReadyTimeoutError}, whose `cause` is the failure of the last dial; {@link PoolNotConnectedError}
   * with that cause once every member is abandoned; {@link PoolClosedError} and {@link PoolDisposedError}. All as
   * rejections.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    this.#checkWaiting(options, READY_OPTIONS);
    const { min = 1, timeout, signal } = options;
    this.#checkNotClosed();
    this.#openIfNew();
    // The factory may have aborted the signal.
    options?.signal?.throwIfAborted();
    const { options: resolved, errors } = this.#context;
    const timeoutError = (): Error => errors.readyTimeoutError(min, timeout);
    const { scheduler } = resolved;
    // Waiting is useless when the pool is closed or all members are abandoned.
    const isOver = ({ connected, status, abandoned, total }: Health): boolean =>
      connected >= min || status === 'closed' || (total > 0 && abandoned === total);
    const { connected, status } = await healthWhen(this.health$, isOver, { timeout, signal, scheduler, timeoutError });
    if (connected < min) throw status === 'closed' ? errors.closedError() : errors.notConnectedError();
  }

  /**
   * Closes the pool. At the call every member leaves, waiting callers are refused, the signals of leases abort, and no
   * new work is accepted. Work in flight gets up to `drainTimeout`. Then every connection is closed, and unfinished
   * work fails with the error of its connection. Resolves when all of them are closed: at the latest after
   * `drainTimeout` and the pool's `closeTimeout`. `setup()` may follow at once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const drainTimeout = this.#drainTimeout(options, CLOSE_OPTIONS);
    if (!this.#isDisposed) this.#lifecycle.close('closed', drainTimeout);
    await this.#lifecycle.whenClosed(drainTimeout, options.signal);
  }

  /** Closes the pool forever: its streams emit a last value and complete. */
  async dispose(): Promise<void> {
    const { drainTimeout } = this.#context.options;
    if (!this.#isDisposed) this.#lifecycle.close('disposed', drainTimeout);
    await this.#lifecycle.whenClosed(drainTimeout);
  }

  /** Name, status and figures in one line; shown by Node's inspection too. */
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

  /** The first use of a pool opens it. Later failures are reported by events, and to callers at their deadlines. */
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
    // The factory may have aborted the signal.
    options?.signal?.throwIfAborted();
    const { options: resolved, errors } = this.#context;
    const { waitTimeout } = resolved;
    if (options === undefined)
      return { key: undefined as K, waitTimeout, priority: 0, signal: undefined, timeout: undefined };
    const { key, timeout, priority = 0 } = options;
    return {
      key: key as K,
      waitTimeout: options.waitTimeout ?? waitTimeout,
      priority,
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

// Defined on the prototype, so that the types of the class do not show it.
Object.defineProperty(ConnectionPool.prototype, INSPECT, {
  value(this: ConnectionPool<Connection>): string {
    return this.toString();
  },
});
