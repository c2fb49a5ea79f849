import type { SchedulerLike } from 'rxjs';
import type { Cell, DialResult } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { connect, judgeDial } from '../connection/dial.js';
import { ConnectionClosedError, ConnectTimeoutError } from '../errors.js';
import type { EventLog } from '../health/events.js';
import type { Registry } from '../registry/registry.js';
import type { Closer } from './closer.js';

interface Dial<C extends Connection> {
  readonly cell: Cell<C>;
  readonly result: Promise<DialResult>;
  settle(result: DialResult): void;
}

/** The limits that dials keep to. */
export interface DialerOptions {
  readonly maxDials: number;
  readonly connectTimeout: number;
  readonly scheduler: SchedulerLike;
}

const timedOut = (result: DialResult): boolean => !result.ok && result.cause instanceof ConnectTimeoutError;

/** Dials members, a bounded number at once and each within a deadline; one dial a member at a time. */
export class Dialer<C extends Connection> {
  /** Why the last dial that failed did so. */
  lastFailure: unknown = undefined;
  readonly #dials = new Map<Cell<C>, Dial<C>>();
  readonly #queue = new Set<Dial<C>>();
  #active = 0;

  constructor(
    readonly registry: Registry<C>,
    readonly closer: Closer<C>,
    readonly events: EventLog<C>,
    readonly options: DialerOptions,
  ) {}

  /** Dials a member as soon as there is room; an attempt under way is shared. */
  dial(cell: Cell<C>): Promise<DialResult> {
    if (cell.standing === 'connected') return Promise.resolve({ ok: true });
    const dial = this.#dials.get(cell) ?? this.#enlist(cell);
    this.#pump();
    return dial.result;
  }

  /** Puts a dial that somebody else began under the deadline. */
  adopt(cell: Cell<C>): void {
    if (!this.#dials.has(cell)) this.#run(this.#enlist(cell), () => undefined);
  }

  /** Nobody wants this connection any more: whoever waits for it is told so. */
  abandon(cell: Cell<C>): void {
    const dial = this.#dials.get(cell);
    if (!dial) return;
    const queued = this.#queue.has(dial);
    this.#remove(dial, queued);
    dial.settle({ ok: false, cause: new ConnectionClosedError('The connection left the pool while it was dialled') });
  }

  #enlist(cell: Cell<C>): Dial<C> {
    let settle!: (result: DialResult) => void;
    const result = new Promise<DialResult>((resolve) => {
      settle = resolve;
    });
    const dial: Dial<C> = { cell, result, settle };
    this.#dials.set(cell, dial);
    this.#queue.add(dial);
    return dial;
  }

  #remove(dial: Dial<C>, queued: boolean): void {
    this.#dials.delete(dial.cell);
    this.#queue.delete(dial);
    if (queued) return;
    this.#active--;
    this.#pump();
  }

  #pump(): void {
    for (const dial of this.#queue) {
      if (this.#active >= this.options.maxDials) return;
      this.#start(dial);
    }
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
      this.#run(dial, () => connect(cell));
    });
  }

  #run(dial: Dial<C>, begin: () => Promise<void> | undefined): void {
    const { cell } = dial;
    this.#queue.delete(dial);
    this.#active++;
    this.closer.forget(cell);
    this.registry.move(cell, 'connecting');
    if (this.#dials.get(cell) !== dial) return;
    const attempt = begin();
    const { connectTimeout: timeout, scheduler } = this.options;
    void judgeDial(cell, attempt, { timeout, scheduler }).then((result) => {
      const abandoned = this.#dials.get(cell) !== dial;
      if (!abandoned) this.#finish(dial, result);
      if (abandoned || timedOut(result)) attempt?.then(() => this.#closeLate(cell), () => {});
    });
  }

  #finish(dial: Dial<C>, result: DialResult): void {
    const { cell } = dial;
    this.#remove(dial, false);
    if (result.ok) {
      this.registry.move(cell, 'connected');
    } else {
      this.lastFailure = result.cause;
      if (cell.standing === 'connecting') this.registry.move(cell, 'broken', result.cause);
      this.events.emit({ type: 'connect-failed', connection: cell.connection, cause: result.cause });
      if (timedOut(result)) this.closer.closeMember(cell);
    }
    dial.settle(result);
  }

  /** A dial that was given up has come up all the same. */
  #closeLate(cell: Cell<C>): void {
    if (!this.registry.has(cell)) void this.closer.close(cell);
    else if (!this.#dials.has(cell) && cell.standing !== 'connected') void this.closer.closeMember(cell);
  }
}
