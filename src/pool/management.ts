import { onAbort } from '../abort.js';
import { LONGEST_WAIT } from '../checks.js';
import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { PoolEvent } from '../health/events.js';
import { Caretakers, type Duty } from './caretakers.js';
import { clampSize, type Settings } from './options.js';
import type { Parts } from './parts.js';
import type { PolicyPool } from './policy.js';
import type { ReplacementPlan } from './renewals.js';

type Chosen<C extends Connection> = (newcomers: Cell<C>[]) => Cell<C>[];

/** How members are replaced. */
export interface Replacement<C extends Connection> {
  readonly members: readonly Cell<C>[] | undefined;
  readonly maxUnavailable: number;
  readonly drainTimeout: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Opens the pool, sizes it, changes it and closes it. Arguments have been checked. */
export class Management<C extends Connection, K> {
  readonly #parts: Parts<C, K>;
  readonly #pool: PolicyPool<C>;
  readonly #caretakers = new Caretakers();

  /** @param pool - what policies look after. */
  constructor(parts: Parts<C, K>, pool: PolicyPool<C>) {
    this.#parts = parts;
    this.#pool = pool;
  }

  /** How many more connections `maxSize` allows. */
  get vacancies(): number {
    const { settings, crew } = this.#parts;
    return Math.max(0, settings.maxSize - crew.size - crew.recruiter.reserved);
  }

  /** Opens the pool, makes up what is missing, and dials whoever is not up. */
  fill(): Promise<void> {
    const { crew, poolSize } = this.#parts;
    return this.#recruit(this.#missing(poolSize), () => crew.standing('idle', 'broken', 'connecting'));
  }

  /** Adds new ones, as far as there is room. */
  extend(size: number): Promise<void> {
    return this.#recruit(Math.min(size, this.vacancies), (newcomers) => newcomers);
  }

  /** Takes connections in, opens the pool if need be, and dials whom `chosen` names. */
  admit(newcomers: readonly C[], chosen: Chosen<C> = (cells) => cells): Promise<void> {
    const parts = this.#parts;
    const { lifecycle, crew, health } = parts;
    return parts.rounds.hold(() => {
      const { closings } = lifecycle;
      const isOpening = lifecycle.phase !== 'open';
      lifecycle.phase = 'open';
      if (isOpening) health.opened();
      parts.poolSize = Math.max(parts.poolSize, crew.size + newcomers.length);
      const cells = crew.admit(newcomers);
      // A connection may close the pool when it is subscribed to.
      if (closings !== lifecycle.closings) crew.dismiss(cells, 'pool-closed', 0);
      else if (isOpening) {
        parts.breaker.use(parts.settings.breaker);
        if (this.#isOpen) this.#caretakers.want(this.#duties);
      }
      health.capture();
      return crew.dialAll(chosen(cells));
    });
  }

  /** Aims for fewer, and lets those go who are then too many. Returns how many left. */
  reduce(amount: number, busyToo: boolean): number {
    const parts = this.#parts;
    const { crew, registry, settings } = parts;
    return parts.rounds.hold(() => {
      const target = Math.max(settings.minSize, parts.poolSize - amount);
      const leavers = crew.surplus(target, busyToo);
      parts.poolSize = Math.max(target, Math.min(crew.size, registry.size - leavers.length));
      const left = crew.dismiss(leavers, 'reduced');
      parts.health.capture();
      return left;
    });
  }

  /** Replaces members by new ones; resolves with how many. */
  renew({ members, maxUnavailable, drainTimeout, signal }: Replacement<C>): Promise<number> {
    const { lifecycle, registry, refusals, crew, rounds } = this.#parts;
    const { closings } = lifecycle;
    const isOvertaken = (): boolean => closings !== lifecycle.closings;
    const stopped = (): boolean => isOvertaken() || signal?.aborted === true;
    const chosen = members?.filter((cell) => registry.has(cell)) ?? registry.members;
    const plan: ReplacementPlan = {
      goesFirst: maxUnavailable > 0,
      drainTimeout,
      signal,
      isOvertaken,
      notConnected: (cause) => refusals.notRenewed(cause),
    };
    return rounds.hold(() => crew.renewals.replace(chosen, Math.max(1, maxUnavailable), plan, stopped));
  }

  /** Goes by what is named of the settings, and by that size if by any, from now on. The rest stays as it is by then. */
  reconfigure(named: Partial<Settings<C, K>>, poolSize: number | undefined): void {
    const parts = this.#parts;
    const { lifecycle, crew, lender, breaker, selector } = parts;
    const { closings } = lifecycle;
    const { select } = parts.settings;
    const target = clampSize(poolSize ?? parts.poolSize, { ...parts.settings, ...named });
    const grows = this.#isOpen && target > parts.poolSize;
    const made = crew.recruiter.make(grows ? this.#missing(target) : 0);
    parts.rounds.hold(() => {
      // First what may fail: somebody's strategy is called, which may itself change the pool.
      try {
        if ('select' in named && named.select !== select) selector.use(named.select);
      } catch (error) {
        crew.recruiter.discard(made);
        throw error;
      }
      const formerBreaker = parts.settings.breaker;
      Object.assign(parts.settings, named);
      parts.poolSize = clampSize(poolSize ?? parts.poolSize, parts.settings);
      if (closings === lifecycle.closings) void crew.dialAll(crew.admit(made));
      else crew.recruiter.discard(made);
      parts.limits.maxPending = parts.settings.maxPending;
      crew.dismiss(crew.surplus(parts.poolSize, true), 'reduced', LONGEST_WAIT);
      if (this.#isOpen && parts.settings.breaker !== formerBreaker) breaker.use(parts.settings.breaker);
      if (this.#isOpen) this.#caretakers.want(this.#duties);
      parts.health.capture();
      lender.review();
      crew.dialer.pump();
    });
  }

  /** Lets everybody go, and takes on no work. */
  close(phase: 'closed' | 'disposed', drainTimeout: number): void {
    const { rounds, lifecycle, lender, crew, registry, breaker, health } = this.#parts;
    rounds.hold(() => {
      const closing = ++lifecycle.closings;
      lifecycle.phase = phase;
      lender.review();
      // Before the breaker is let go: no dial is to begin now.
      crew.dismiss(registry.members, 'pool-closed', drainTimeout);
      crew.departures.hurry();
      // Whoever is told of it may open the pool again.
      const isOver = (): boolean => lifecycle.isClosed && lifecycle.closings === closing;
      if (isOver()) breaker.use(false);
      if (isOver()) this.#caretakers.want([]);
      health.capture();
    });
  }

  dispose(drainTimeout: number): void {
    const { rounds, selector, membership, health, events } = this.#parts;
    rounds.hold(() => {
      this.close('disposed', drainTimeout);
      selector.end();
      membership.end();
      health.end();
      events.end();
    });
  }

  /** Resolves when all that are leaving are closed; their draining is cut after a time, or by the signal. */
  async departed(drainTimeout: number, signal?: AbortSignal): Promise<void> {
    const { crew, settings } = this.#parts;
    const { done, cut } = crew.departures.underWay();
    if (signal?.aborted || drainTimeout === 0) cut();
    const stopListening = onAbort(signal, () => cut());
    const timer = settings.scheduler.schedule(() => cut(), drainTimeout);
    await done;
    timer.unsubscribe();
    stopListening();
  }

  get #isOpen(): boolean {
    return this.#parts.lifecycle.phase === 'open';
  }

  #missing(poolSize: number): number {
    const { crew } = this.#parts;
    return Math.max(0, poolSize - crew.size - crew.recruiter.reserved);
  }

  /** Makes connections and takes them in, unless the pool was closed while they were made. */
  #recruit(count: number, chosen: Chosen<C>): Promise<void> {
    const { lifecycle, crew } = this.#parts;
    const { closings } = lifecycle;
    const made = crew.recruiter.make(count);
    if (closings === lifecycle.closings) return this.admit(made, chosen);
    crew.recruiter.discard(made);
    return Promise.resolve();
  }

  get #duties(): Duty[] {
    const { settings, events } = this.#parts;
    const { heal, policies } = settings;
    const duties: Duty[] = policies.map((policy) => ({
      id: policy,
      begin: () => policy(this.#pool),
      failed: (cause) => events.emit({ type: 'policy-failed', cause }),
    }));
    if (!heal) return duties;
    const healing: Duty = {
      id: heal,
      begin: () => heal(this.#pool.broken$),
      next: (event) => events.emit(event as PoolEvent<C>),
      failed: (cause) => events.emit({ type: 'heal-failed', cause }),
    };
    return [healing, ...duties];
  }
}
