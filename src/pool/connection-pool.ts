import type { Observable } from 'rxjs';
import type { Borrowing } from '../borrowing/borrowing.js';
import { Errand, type Terms } from '../borrowing/errand.js';
import type { LeakDetector } from '../borrowing/leaks.js';
import { Lease } from '../borrowing/lease.js';
import type { Lender } from '../borrowing/lender.js';
import { run, use, type Work } from '../borrowing/use.js';
import { type StreamingWork, withConnection } from '../borrowing/with-connection.js';
import * as check from '../checks.js';
import { cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { type AsyncDisposal, makeDisposable } from '../disposal.js';
import { ConnectionInvalidatedError, outOfRange } from '../errors.js';
import type { PoolEvent } from '../health/events.js';
import type { Health } from '../health/health.js';
import type { Snapshot } from '../registry/membership-streams.js';
import { abortable } from './abortable.js';
import type {
  BorrowOptions,
  CloseOptions,
  DrainOptions,
  EjectOptions,
  InvalidateOptions,
  ReadyOptions,
  RenewOptions,
  SignalOptions,
  UseOptions,
} from './call-options.js';
import { checkConnections } from './checks.js';
import { Management } from './management.js';
import { type ConnectionPoolOptions, checkWithin, namedOf, type Reconfiguration, resolveOptions } from './options.js';
import { Parts } from './parts.js';
import { readiness } from './ready.js';

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
 * reject with its reason, and cancels nothing that others may wait for.
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
  readonly connectionFactory: () => C;
  /** The members, in order of joining. Joining shows here first, leaving last. */
  readonly connections$: Observable<readonly C[]>;
  /** Those connected and in service. A connection that moves leaves one list before it enters another. */
  readonly connected$: Observable<readonly C[]>;
  /** Those that failed or were lost, and are not being dialled. */
  readonly broken$: Observable<readonly C[]>;
  /** The three lists of one moment, for whoever needs more than one of them. */
  readonly snapshot$: Observable<Snapshot<C>>;
  /** Who would be picked now; `undefined` where the choice needs a key. Changes of load show once a microtask. */
  readonly leastLoaded$: Observable<C | undefined>;
  /** The sum of the members' loads, in requests. Changes of load show once a microtask. */
  readonly pending$: Observable<number>;
  /** The figures of the pool. Status and membership show at once, load once a microtask. */
  readonly health$: Observable<Health>;
  /** What happens, as it happens; replays nothing. */
  readonly events$: Observable<PoolEvent<C>>;

  readonly #parts: Parts<C, K>;
  readonly #management: Management<C, K>;
  // What a borrowing goes through.
  readonly #lender: Lender<C, K>;
  readonly #leaks: LeakDetector<C>;

  /**
   * @param poolSize - how many connections the pool aims for.
   * @param connectionFactory - returns a new connection at each call.
   * @throws RangeError, TypeError for arguments that cannot be.
   */
  constructor(poolSize: number, connectionFactory: () => C, options?: ConnectionPoolOptions<C, K>) {
    check.checkSize('poolSize', poolSize);
    check.checkFunction('connectionFactory', connectionFactory);
    const settings = resolveOptions(options);
    checkWithin('poolSize', poolSize, settings);
    const parts = new Parts(poolSize, connectionFactory, settings);
    const { membership, health, events } = parts;
    this.#parts = parts;
    this.#management = new Management<C, K>(parts, this);
    this.#lender = parts.lender;
    this.#leaks = parts.leaks;
    this.connectionFactory = connectionFactory;
    this.connections$ = membership.connections.observable;
    this.connected$ = membership.connected.observable;
    this.broken$ = membership.broken.observable;
    this.snapshot$ = membership.snapshot.observable;
    this.leastLoaded$ = health.leastLoaded.observable;
    this.pending$ = health.pending.observable;
    this.health$ = health.health.observable;
    this.events$ = events.observable;
  }

  /** How many connections the pool aims for. */
  get poolSize(): number {
    return this.#parts.poolSize;
  }

  /** The members, in order of joining; an array that never changes. */
  get connections(): readonly C[] {
    return this.#parts.registry.connections.view;
  }

  /** Those connected and in service. */
  get connectedConnections(): readonly C[] {
    return this.#parts.registry.connected.view;
  }

  /** Those that failed or were lost, and are not being dialled. */
  get brokenConnections(): readonly C[] {
    return this.#parts.registry.broken.view;
  }

  /** The figures of the pool now. */
  get health(): Health {
    return this.#parts.health.read();
  }

  /** Whether there are no connections. */
  isEmpty(): boolean {
    return this.#parts.registry.size === 0;
  }

  /** Whether there are at least `poolSize` connections. */
  isFull(): boolean {
    return this.#parts.crew.size >= this.#parts.poolSize;
  }

  /** Whether at least one is connected and in service. */
  isWorking(): boolean {
    return this.#parts.registry.census.connected > 0;
  }

  /**
   * Opens the pool, fills it up to `poolSize` and dials every member that is idle or broken. Resolves when every
   * attempt has settled; a server that refuses leaves broken connections behind, not a rejection.
   *
   * @throws {@link ConnectionFactoryError} and {@link PoolDisposedError}, as rejections.
   */
  async setup(options: SignalOptions = {}): Promise<void> {
    this.#checkWaiting(options);
    await abortable(this.#management.fill(), options.signal);
  }

  /**
   * Adds and connects new connections, as many as `maxSize` leaves room for; `poolSize` becomes the larger of itself
   * and the number of members. Resolves when every attempt has settled.
   *
   * @throws {@link ConnectionFactoryError}, {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async extendPoolBySize(size: number, options: SignalOptions = {}): Promise<void> {
    check.checkSize('size', size);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    await abortable(this.#management.extend(size), options.signal);
  }

  /**
   * Adds connections and connects those that are not; ignores members. The iterable is read once, before
   * anything changes. Resolves when every attempt has settled.
   *
   * @throws RangeError for more than `maxSize` leaves room for, {@link PoolClosedError} and
   * {@link PoolDisposedError}, as rejections.
   */
  async extendPoolByConnections(connections: Iterable<C>, options: SignalOptions = {}): Promise<void> {
    const given = checkConnections('connections', connections);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    const newcomers = this.#parts.crew.recruiter.newcomers('connections', given);
    const { vacancies } = this.#management;
    if (newcomers.length > vacancies) {
      throw outOfRange('connections', `at most ${vacancies} new ones, for which maxSize leaves room`, newcomers.length);
    }
    await abortable(this.#management.admit(newcomers), options.signal);
  }

  /**
   * Lowers `poolSize` by `amount`, though not below `minSize`, and removes what is then too many: broken, idle,
   * connecting and unused connections in this order, the latest joined first; then, only if asked, those with the
   * least load, which finish their work before they are closed. If not enough could go, `poolSize` becomes what is left.
   *
   * @param amount - an integer; zero and less change nothing.
   * @returns how many left. Their closing goes on behind; `close()` waits for it.
   * @throws {@link PoolDisposedError}
   */
  reducePoolConnections(amount: number, deletePendingConnections = false): number {
    check.checkInteger('amount', amount);
    check.checkBoolean('deletePendingConnections', deletePendingConnections);
    this.#checkNotDisposed();
    return amount <= 0 ? 0 : this.#management.reduce(amount, deletePendingConnections);
  }

  /**
   * Removes and closes the broken ones; `poolSize` stays, so that `setup()` refills. Returns how many left.
   *
   * @throws {@link PoolDisposedError}
   */
  cleanupBrokenConnections(): number {
    this.#checkNotDisposed();
    const { crew } = this.#parts;
    return crew.dismiss(crew.standing('broken'), 'cleanup', 0);
  }

  /**
   * Takes connections out, lets them finish and closes them; `poolSize` stays. Returns how many left; those that
   * are no members are ignored.
   *
   * @throws {@link PoolDisposedError}
   */
  removeConnections(connections: Iterable<C>, options: DrainOptions = {}): number {
    const given = checkConnections('connections', connections);
    const drainTimeout = this.#drainTimeout(options);
    this.#checkNotDisposed();
    return this.#parts.crew.dismiss(given.map(cellOf), 'removed', drainTimeout);
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
    check.checkBag('options', options);
    const { duration } = options;
    check.checkDuration('options.duration', duration);
    this.#checkNotDisposed();
    const { rounds, crew } = this.#parts;
    return rounds.hold(() => given.filter((one) => crew.ejections.eject(cellOf(one), duration)).length);
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
    check.checkBag('options', options);
    this.#checkNotDisposed();
    return given.filter((connection) => this.#invalidate(connection, options.cause)).length;
  }

  /**
   * Redials the broken ones, or, with `false`, all: healthy ones go out of service, finish what they carry and
   * are dialled anew, at most half of the pool (but at least one) at a time. A renewal under way comes first.
   *
   * @returns how many are connected afterwards.
   * @throws {@link PoolClosedError} and {@link PoolDisposedError}, as rejections.
   */
  async reconnect(onlyBrokenConnections = true, options: SignalOptions = {}): Promise<number> {
    check.checkBoolean('onlyBrokenConnections', onlyBrokenConnections);
    this.#checkWaiting(options);
    this.#checkNotClosed();
    const { signal } = options;
    const { crew, rounds, registry } = this.#parts;
    const work = rounds.hold(() =>
      onlyBrokenConnections
        ? crew.dialAll(crew.standing('broken', 'connecting'))
        : crew.reconnectAll(() => signal?.aborted === true),
    );
    await abortable(work, signal);
    return registry.census.connected;
  }

  /**
   * Replaces connections by new ones from the factory without failing work, after a failover or for rotated
   * credentials: each old one leaves when its replacement is connected, and is closed when it has finished what it
   * carries. With `maxUnavailable`, so many at a time leave without waiting for their replacements. One renewal follows
   * another, and `reconnect(false)` follows either. An abort lets the replacement under way be the last.
   *
   * @returns how many were replaced, when all of them are closed.
   * @throws {@link RenewalError} when a replacement cannot be connected: the connections not yet replaced stay;
   * {@link ConnectionFactoryError}, {@link PoolClosedError} and {@link PoolDisposedError}. All as rejections.
   * @example
   * ```ts
   * await pool.renew({ maxUnavailable: 2, drainTimeout: 30_000 });
   * ```
   */
  async renew(options: RenewOptions<C> = {}): Promise<number> {
    this.#checkWaiting(options);
    const { connections, maxUnavailable = 0, drainTimeout, signal } = options;
    check.checkSize('options.maxUnavailable', maxUnavailable);
    if (drainTimeout !== undefined) check.checkDuration('options.drainTimeout', drainTimeout);
    const members =
      connections === undefined ? undefined : checkConnections('options.connections', connections).map(cellOf);
    this.#checkNotClosed();
    return abortable(this.#management.renew({ members, maxUnavailable, drainTimeout, signal }), signal);
  }

  /**
   * Changes sizes, limits and policies of a pool at work. What is not named stays as it is. A larger `poolSize` adds
   * and dials connections; a smaller one, or a smaller `maxSize`, removes some, those in use when they have finished.
   * A smaller `maxPending` takes nothing away from anybody. Policies that stay the same objects go on undisturbed.
   *
   * @throws RangeError, TypeError, {@link ConnectionFactoryError}, {@link PoolDisposedError}, and what a new `select`
   * throws, before anything changes.
   * @example
   * ```ts
   * pool.reconfigure({ poolSize: 12, maxPending: 64, waitTimeout: 2_000 });
   * ```
   */
  reconfigure(changes: Reconfiguration<C, K>): void {
    check.checkBag('changes', changes);
    const settings = resolveOptions(changes, this.#parts.settings, 'changes');
    const { poolSize } = changes;
    if (poolSize !== undefined) {
      check.checkSize('changes.poolSize', poolSize);
      checkWithin('changes.poolSize', poolSize, settings);
    }
    this.#checkNotDisposed();
    this.#management.reconfigure(namedOf(changes, settings), poolSize);
  }

  /**
   * Gives nothing out until `resume()`, closing and opening included: callers wait, each until its own deadline. Work
   * under way goes on. `health` does not tell, but for those who wait; `events$` does. Idempotent.
   *
   * @example
   * ```ts
   * pool.suspend();
   * await migrate();
   * pool.resume();
   * ```
   */
  suspend(): void {
    if (!this.#lender.suspended) this.#parts.events.emit({ type: 'suspended' });
    this.#lender.suspend();
    this.#parts.health.capture();
  }

  /** Serves those who have waited, in their order, and gives out connections again. Idempotent. */
  resume(): void {
    if (this.#lender.suspended) this.#parts.events.emit({ type: 'resumed' });
    this.#lender.resume();
    this.#parts.health.capture();
  }

  /**
   * The connection to be used now, as `select` chooses without a key: by default the connected one with the least
   * load, and among equals nobody is favoured.
   *
   * @throws {@link PoolEmptyError}, {@link PoolNotConnectedError}, {@link PoolExhaustedError},
   * {@link PoolSuspendedError}, {@link PoolClosedError}, {@link PoolDisposedError}; a `TypeError` where the strategy
   * requires a key
   */
  getLeastLoadedConnection(): C {
    const cell = this.#lender.suspended ? undefined : this.#parts.selector.pick(undefined as K);
    if (!cell) throw this.#parts.refusals.unavailable();
    return cell.connection;
  }

  /**
   * Runs work on the connection to be used now, and counts it there until it has settled. Where nothing can take
   * the work the caller waits its turn.
   *
   * @param work - called at once where a connection is free, and in any case in the caller's async context. Its signal
   * aborts when the caller gives up or the connection is lost or taken away; the borrowing lasts until the work settles
   * or the connection has been closed.
   * @throws {@link WaitTimeoutError} after `waitTimeout`, {@link WaitQueueFullError} where too many wait already,
   * {@link CircuitOpenError}, {@link UseTimeoutError} after `timeout`, {@link PoolEmptyError} before `setup()`,
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
      if (options === undefined) {
        const borrowing = this.#lender.tryBorrow(undefined as K);
        if (borrowing) return run(borrowing, work);
      }
      return use(this.#lender, this.#terms(options), work);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Like `use`, for work that is a stream (or anything `from` takes). Cold: each subscription borrows a connection of
   * its own, waiting its turn where need be, and gives it back when the work completes or errors, before its subscriber
   * is told, and on unsubscribing.
   *
   * Emits what the work emits, completes with it, and errors with what it errors with and with what `use` rejects with.
   *
   * @throws TypeError, RangeError at the call.
   * @example
   * ```ts
   * const ticks$ = replicas.withConnection((replica) => replica.listen('ticks'));
   * ```
   */
  withConnection<T>(work: StreamingWork<C, T>, options?: UseOptions<K>): Observable<T> {
    check.checkFunction('work', work);
    this.#checkUse(options);
    return withConnection(this.#lender, () => this.#terms(options), work);
  }

  /**
   * Borrows a connection until its lease is released: for work that is more than one call. Waits its turn where nothing
   * is free. With `maxPending: 1` nobody else uses it meanwhile.
   *
   * @throws what `use` throws while it waits, as rejections.
   * @example
   * ```ts
   * using lease = await pool.lease({ waitTimeout: 1_000 });
   * await transfer(lease.connection, lease.signal);
   * ```
   */
  lease(options?: BorrowOptions<K>): Promise<Lease<C>> {
    if (options === undefined) {
      try {
        const borrowing = this.#lender.tryBorrow(undefined as K);
        if (borrowing) return Promise.resolve(this.#lease(borrowing, this.#leaks.trace()));
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return new Promise((resolve, reject) => {
      const takenAt = this.#leaks.trace();
      new Errand(this.#lender, this.#terms(options), {
        granted: (borrowing, errand) => {
          errand.end();
          resolve(this.#lease(borrowing, takenAt));
        },
        refused: reject,
      });
    });
  }

  /**
   * A lease at once, or none where nothing can be given out now. Never overtakes callers who wait.
   *
   * @throws {@link PoolDisposedError}, and what a strategy of your own throws.
   */
  tryLease(options?: { readonly key?: K | undefined }): Lease<C> | undefined {
    if (options !== undefined) check.checkBag('options', options);
    this.#checkNotDisposed();
    const borrowing = this.#lender.tryBorrow(options?.key as K);
    return borrowing && this.#lease(borrowing, this.#leaks.trace());
  }

  /**
   * Resolves once so many are connected and in service.
   *
   * @throws {@link ReadyTimeoutError}, whose `cause` is the last dial's failure, {@link PoolClosedError} and
   * {@link PoolDisposedError}, as rejections.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    this.#checkWaiting(options);
    const { min = 1, timeout, signal } = options;
    check.checkSize('options.min', min);
    if (timeout !== undefined) check.checkDuration('options.timeout', timeout);
    this.#checkNotClosed();
    const timedOut = (): Error => this.#parts.refusals.notReady(min, timeout);
    const { scheduler } = this.#parts.settings;
    const { connected } = await readiness(this.health$, { min, timeout, signal, scheduler, timedOut });
    if (connected < min) throw this.#parts.refusals.closed();
  }

  /**
   * Closes the pool. At the call every member has left, those who wait are refused, leases are told by their signals,
   * and no work is taken on; work in flight gets up to `drainTimeout`, then every connection is closed, and what is cut
   * off fails as its connection has it. Resolves when all of them are closed, within `drainTimeout` and the pool's
   * `closeTimeout`. `setup()` may follow at once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const drainTimeout = this.#drainTimeout(options);
    check.checkSignal(options.signal);
    if (!this.#isDisposed) this.#management.close('closed', drainTimeout);
    await this.#management.departed(drainTimeout, options.signal);
  }

  /** Closes the pool for good: its streams give a last value and complete. */
  async dispose(): Promise<void> {
    const { drainTimeout } = this.#parts.settings;
    if (!this.#isDisposed) this.#management.dispose(drainTimeout);
    await this.#management.departed(drainTimeout);
  }

  get #isDisposed(): boolean {
    return this.#parts.lifecycle.phase === 'disposed';
  }

  #lease(borrowing: Borrowing<C>, takenAt: string | undefined): Lease<C> {
    return new Lease(borrowing, this.#invalidate, this.#leaks.watch(borrowing, takenAt));
  }

  readonly #invalidate = (connection: C, cause: unknown): boolean => {
    const error = new ConnectionInvalidatedError('The connection was taken out of use', { cause });
    return this.#parts.crew.condemn(cellOf(connection), error);
  };

  #terms(options: UseOptions<K> = {}): Terms<K> {
    this.#checkUse(options);
    this.#checkNotDisposed();
    options.signal?.throwIfAborted();
    const { waitTimeout, scheduler } = this.#parts.settings;
    const { key, timeout } = options;
    return {
      key: key as K,
      waitTimeout: options.waitTimeout ?? waitTimeout,
      signal: options.signal,
      timeout,
      scheduler,
      timedOut: (begun) => this.#parts.refusals.usedTooLong(timeout, begun),
    };
  }

  #checkUse(options: UseOptions<K> = {}): void {
    check.checkBag('options', options);
    check.checkSignal(options.signal);
    for (const name of ['timeout', 'waitTimeout'] as const) {
      if (options[name] !== undefined) check.checkDuration(`options.${name}`, options[name]);
    }
  }

  #checkWaiting(options: SignalOptions): void {
    check.checkBag('options', options);
    check.checkSignal(options.signal);
    this.#checkNotDisposed();
    options.signal?.throwIfAborted();
  }

  #checkNotClosed(): void {
    if (this.#parts.lifecycle.isClosed) throw this.#parts.refusals.closed();
  }

  #checkNotDisposed(): void {
    if (this.#isDisposed) throw this.#parts.refusals.closed();
  }

  #drainTimeout(options: DrainOptions): number {
    check.checkBag('options', options);
    const { drainTimeout = this.#parts.settings.drainTimeout } = options;
    check.checkDuration('options.drainTimeout', drainTimeout);
    return drainTimeout;
  }
}

makeDisposable(ConnectionPool.prototype, 'asyncDispose', 'dispose');
