import type { SchedulerLike } from 'rxjs';
import type { Cell, DialResult, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { connect, type Judgement, judgeDial } from '../connection/dial.js';
import { prepared } from '../connection/preparation.js';
import { ConnectionClosedError, ConnectTimeoutError, WarmupError } from '../errors.js';
import type { EventLog } from '../health/events.js';
import type { Registry } from '../registry/registry.js';
import type { Breaker } from './breaker.js';
import type { Closer } from './closer.js';
import type { Warmup } from './options.js';

interface Dial<C extends Connection> {
  readonly cell: Cell<C>;
  readonly result: Promise<DialResult>;
  settle(result: DialResult): void;
  judgement: Judgement | undefined;
  /** What it was begun with: the settings may change meanwhile. */
  warmup: false | Warmup<C>;
}

/** The part of the options that dials keep to. */
export interface DialerSettings<C> {
  readonly maxDials: number;
  readonly connectTimeout: number;
  readonly warmup: false | Warmup<C>;
  readonly scheduler: SchedulerLike;
}

/** Where a member stands that is connected, in service or not. */
export const UP: ReadonlySet<Standing> = new Set(['connected', 'draining', 'ejected']);

const gone = (): ConnectionClosedError => new ConnectionClosedError('The connection left the pool before it was up');

const timedOut = (result: DialResult): boolean => !result.ok && result.cause instanceof ConnectTimeoutError;

/** What the connection does not know of itself: that it is of no use. */
const isPoolsVerdict = (cause: unknown): boolean =>
  cause instanceof ConnectTimeoutError || cause instanceof WarmupError;

/** Dials members, a bounded number at once and each within a deadline; one dial a member at a time. */
export class Dialer<C extends Connection> {
  /** Why the last dial failed, if it did. */
  lastFailure: unknown = undefined;
  readonly #dials = new Map<Cell<C>, Dial<C>>();
  readonly #queue = new Set<Dial<C>>();
  #active = 0;

  constructor(
    readonly registry: Registry<C>,
    readonly closer: Closer<C>,
    readonly events: EventLog<C>,
    readonly breaker: Breaker,
    readonly settings: DialerSettings<C>,
  ) {}

  /** Begins as many of the dials that wait as there is room for. */
  pump(): void {
    for (const dial of this.#queue) {
      if (this.#active >= this.#room) return;
      if (this.registry.has(dial.cell)) this.#start(dial);
    }
  }

  /** Whether a connection that says it is connected has yet to be warmed up. */
  isWarming(cell: Cell<C>): boolean {
    return Boolean(this.#dials.get(cell)?.warmup);
  }

  /** Dials a member as soon as there is room; an attempt under way is shared, one that has failed is followed. */
  dial(cell: Cell<C>): Promise<DialResult> {
    if (!this.registry.has(cell)) return Promise.resolve({ ok: false, cause: gone() });
    if (UP.has(cell.standing)) return Promise.resolve({ ok: true });
    const dial = this.#dials.get(cell) ?? this.#enlist(cell);
    if (dial.judgement && cell.standing === 'broken') return dial.result.then(() => this.dial(cell));
    this.pump();
    return dial.result;
  }

  /** Puts a dial that somebody else began under the deadline, though its turn has not come. */
  adopt(cell: Cell<C>): void {
    const dial = this.#dials.get(cell) ?? this.#enlist(cell);
    if (this.#queue.has(dial)) this.#run(dial);
  }

  /** Nobody wants these connections any more: whoever waits for them is told so. Others get their room by `pump`. */
  abandon(cells: readonly Cell<C>[]): void {
    for (const cell of cells) {
      const dial = this.#dials.get(cell);
      if (!dial) continue;
      this.#dials.delete(cell);
      this.#vacate(dial);
      dial.judgement?.cut();
      dial.settle({ ok: false, cause: gone() });
    }
  }

  #enlist(cell: Cell<C>): Dial<C> {
    let settle!: (result: DialResult) => void;
    const result = new Promise<DialResult>((resolve) => {
      settle = resolve;
    });
    const dial: Dial<C> = { cell, result, settle, judgement: undefined, warmup: false };
    this.#dials.set(cell, dial);
    this.#queue.add(dial);
    return dial;
  }

  #vacate(dial: Dial<C>): void {
    if (!this.#queue.delete(dial)) this.#active--;
  }

  /** While the circuit is half-open, a single dial decides. */
  get #room(): number {
    if (this.breaker.state === 'open') return 0;
    return this.breaker.state === 'half-open' ? 1 : this.settings.maxDials;
  }

  #start(dial: Dial<C>): void {
    const { cell } = dial;
    const closing = this.closer.closing(cell);
    if (!closing) {
      this.#run(dial, () => connect(cell));
      return;
    }
    // Its last transport is still being closed: the room is taken, the dial follows.
    this.#queue.delete(dial);
    this.#active++;
    void closing.then(() => {
      if (this.#dials.get(cell) !== dial) return;
      this.#active--;
      // It was to begin when it got its room; by now the circuit may leave it none.
      if (this.#active < this.#room) this.#start(dial);
      else this.#queue.add(dial);
    });
  }

  #run(dial: Dial<C>, begin?: () => Promise<void>): void {
    const { cell } = dial;
    this.#queue.delete(dial);
    this.#active++;
    dial.warmup = this.settings.warmup;
    this.closer.forget(cell);
    this.registry.move(cell, 'connecting');
    if (this.#dials.get(cell) !== dial) return;
    const { connectTimeout: timeout, scheduler } = this.settings;
    dial.judgement = judgeDial(cell, begin, { timeout, scheduler });
    const { attempt } = dial.judgement;
    if (this.#dials.get(cell) !== dial) dial.judgement.cut();
    void dial.judgement.result
      .then((result) => this.#warmUp(dial, result))
      .then((result) => {
        const abandoned = this.#dials.get(cell) !== dial;
        if (!abandoned) this.#finish(dial, result);
        if (abandoned || timedOut(result))
          attempt?.then(
            () => this.#closeLate(cell),
            () => {},
          );
      });
  }

  /** What `warmup` makes of a dial that has succeeded. */
  async #warmUp(dial: Dial<C>, result: DialResult): Promise<DialResult> {
    const { connectTimeout: timeout, scheduler } = this.settings;
    const { cell, warmup } = dial;
    if (!result.ok || !warmup || this.#dials.get(cell) !== dial) return result;
    try {
      await prepared(cell, warmup, { name: 'warm-up', timeout, scheduler, Failure: WarmupError });
      return result;
    } catch (cause) {
      return { ok: false, cause };
    }
  }

  #finish(dial: Dial<C>, result: DialResult): void {
    const { cell } = dial;
    this.#dials.delete(cell);
    if (!result.ok) this.#failed(cell, result.cause);
    // It may have been lost as soon as it was up.
    else if (cell.state === 'connected') this.registry.move(cell, 'connected');
    if (result.ok) this.lastFailure = undefined;
    this.breaker.report({ ok: result.ok, connected: this.registry.census.connected });
    // Its room is taken until the circuit has heard: whoever is told before may dial.
    this.#vacate(dial);
    dial.settle(result);
    this.pump();
  }

  #failed(cell: Cell<C>, cause: unknown): void {
    this.lastFailure = cause;
    // Closed before anybody is told, and might dial it anew.
    if (isPoolsVerdict(cause) && this.registry.has(cell)) void this.closer.closeMember(cell);
    if (cell.standing === 'connecting' || cell.standing === 'idle') this.registry.move(cell, 'broken', cause);
    this.events.emit({ type: 'connect-failed', connection: cell.connection, cause });
  }

  /** A dial that was given up has come up all the same. */
  #closeLate(cell: Cell<C>): void {
    if (!cell.owner) void this.closer.close(cell);
    else if (this.registry.has(cell) && !this.#dials.has(cell) && !UP.has(cell.standing)) {
      void this.closer.closeMember(cell);
    }
  }
}
