import { Subscription } from 'rxjs';
import type { Cell, CellOwner, DialResult } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import { type Connection, type ConnectionState, causeOf } from '../connection/connection.js';
import { remember } from './memory.js';
import type { ReconnectEvent } from './reconnect-event.js';
import type { ReconnectSettings } from './reconnect-options.js';
import { cutShort, isOverdue, redial } from './redial.js';
import { type AbandonReason, type History, judge } from './verdict.js';

/** Who has the patients in care. */
export interface Carer<C extends Connection> {
  readonly settings: ReconnectSettings;
  /** No further attempt is made. */
  readonly isLeaving: boolean;
  tell(event: ReconnectEvent<C>): void;
  fail(error: unknown): void;
  forget(patient: Patient<C>): void;
}

const NONE: History = { attempts: 0, wait: 0 };

/** On the list it waits, is dialled or is given up; off the list it is remembered for a while. */
type Phase = 'undecided' | 'waiting' | 'dialling' | 'abandoned' | 'remembered' | 'forgotten';

/** One broken connection being brought back: it waits, is dialled, and waits longer. */
export class Patient<C extends Connection> {
  readonly cell: Cell<C>;
  readonly #carer: Carer<C>;
  /** The pool it was a member of: what has left a pool is not dialled. */
  readonly #pool: CellOwner | undefined;
  readonly #unwatch: () => void;
  #phase: Phase = 'undecided';
  /** What the phase waits for; another one in each phase. */
  #activity = new Subscription();
  #history: History = NONE;
  #isListed = false;
  /** Until somebody else has brought it up. */
  #isAbandoned = false;
  /** Its dial has failed and is under way all the same. */
  #isOverdue = false;

  constructor(connection: C, carer: Carer<C>) {
    this.cell = acquireCell(connection);
    this.#carer = carer;
    this.#pool = this.cell.owner;
    this.#unwatch = this.cell.watch({ onState: (state) => this.#stateChanged(state) });
  }

  get isDialled(): boolean {
    return this.#phase === 'dialling';
  }

  /** It has come onto the list. */
  enter(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    if (this.#phase !== 'undecided' && this.#phase !== 'remembered') return;
    if (this.#isAbandoned) this.#begin('abandoned');
    else this.#decide(causeOf(this.cell.connection));
  }

  /** It has gone from the list: a dial, whoever's, takes it off as well. */
  leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    if (!this.isDialled) this.#remember();
  }

  /** Stops all that was begun for it, and leaves a dial under way alone. */
  forget(): void {
    if (this.#phase === 'forgotten') return;
    this.#begin('forgotten');
    this.#unwatch();
    releaseCell(this.cell.connection);
    this.#carer.forget(this);
  }

  #begin(phase: Phase): Subscription {
    this.#activity.unsubscribe();
    this.#phase = phase;
    this.#activity = new Subscription();
    return this.#activity;
  }

  #decide(cause: unknown): void {
    const undecided = this.#begin('undecided');
    const decision = this.#consult(cause);
    // Whoever was asked may have taken it away.
    if (decision === undefined || this.#activity !== undecided) return;
    if (typeof decision === 'number') this.#schedule(decision);
    else this.#abandon(decision, cause);
  }

  /** The verdict, where there is one: a mistake in what the user has given ends the healing. */
  #consult(cause: unknown): number | AbandonReason | undefined {
    try {
      return judge(cause, this.#history, this.#carer.settings);
    } catch (error) {
      this.#carer.fail(error);
      return undefined;
    }
  }

  #schedule(delay: number): void {
    const { connection } = this.cell;
    const attempt = this.#history.attempts + 1;
    this.#history = { attempts: attempt, wait: delay };
    this.#begin('waiting').add(this.#carer.settings.scheduler.schedule(() => this.#redial(), delay));
    this.#carer.tell({ type: 'reconnect-scheduled', connection, attempt, delay });
  }

  #redial(): void {
    const { connection } = this.cell;
    const attempt = this.#history.attempts;
    const wait = this.#activity;
    this.#carer.tell({ type: 'reconnecting', connection, attempt });
    // On hearing that, somebody may have taken it away.
    if (this.#activity !== wait || (this.#pool && this.cell.owner !== this.#pool)) return;
    const dialling = this.#begin('dialling');
    if (this.#isOverdue) {
      this.#isOverdue = false;
      cutShort(connection);
      if (this.#activity !== dialling) return;
    }
    void redial(this.cell, this.#carer.settings, dialling).then((result) => {
      if (result.ok) this.#carer.tell({ type: 'reconnected', connection, attempt });
      else this.#carer.tell({ type: 'reconnect-failed', connection, attempt, cause: result.cause });
      if (this.#activity === dialling) this.#follow(result);
    });
  }

  #follow(result: DialResult): void {
    this.#isOverdue = isOverdue(result, this.cell);
    if (this.#carer.isLeaving) this.forget();
    else if (this.#isListed || this.#isOverdue) this.#decide(result.ok ? causeOf(this.cell.connection) : result.cause);
    else this.#remember();
  }

  #abandon(reason: AbandonReason, cause: unknown): void {
    const { connection } = this.cell;
    const abandoned = this.#begin('abandoned');
    this.#isAbandoned = true;
    this.#carer.tell({ type: 'reconnect-abandoned', connection, attempt: this.#history.attempts, reason, cause });
    if (this.#isOverdue && this.#activity === abandoned) cutShort(connection);
  }

  #stateChanged(state: ConnectionState): void {
    if (state === 'connected' && this.#isAbandoned) {
      this.#isAbandoned = false;
      this.#history = NONE;
    }
    const wasOverdue = this.#isOverdue;
    this.#isOverdue = false;
    if (wasOverdue && !this.#isListed) this.#remember();
  }

  /** Somebody may be dialling it, it may break again at once, and its list may be late to tell. */
  #remember(): void {
    const { resetAfter: time, scheduler } = this.#carer.settings;
    const memory = this.#begin('remembered');
    memory.add(remember(this.cell, this.#pool, { time, scheduler, forget: () => this.forget() }));
  }
}
