import { asyncScheduler, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Cell, CellOwner, DialResult } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { connect, type Judgement, judgeDial } from '../connection/dial.js';
import { outOfRange } from '../errors.js';
import { type Backoff, exponentialBackoff } from './backoff.js';
import { remember } from './memory.js';
import type { ReconnectEvent } from './reconnect-event.js';

/** How broken connections are redialled. */
export interface ReconnectBrokenOptions {
  /** The wait before each attempt. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /**
   * A connection that breaks again within so many milliseconds of coming up goes on with its backoff instead of
   * beginning anew. @default 1000
   */
  readonly resetAfter?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** One broken connection being brought back. */
interface Patient<C extends Connection> {
  readonly cell: Cell<C>;
  /** The pool it was a member of: what has left a pool is not dialled. */
  readonly owner: CellOwner | undefined;
  attempt: number;
  /** Whether the source holds it at present. */
  listed: boolean;
  dialling: boolean;
  /** What it waits for: its next dial, or to be forgotten. */
  timer: Subscription | undefined;
  /** Waits for a dial that no pool waits for. */
  judgement: Judgement | undefined;
}

/** Those being brought back: each waits, is dialled, and waits longer. */
export class Ward<C extends Connection> {
  readonly #patients = new Map<C, Patient<C>>();
  readonly #subscriber: Subscriber<ReconnectEvent<C>>;
  readonly #backoff: Backoff;
  readonly #resetAfter: number;
  readonly #scheduler: SchedulerLike;
  #sourceCompleted = false;

  constructor(subscriber: Subscriber<ReconnectEvent<C>>, options: ReconnectBrokenOptions) {
    this.#subscriber = subscriber;
    this.#backoff = options.backoff ?? exponentialBackoff();
    this.#resetAfter = Math.min(options.resetAfter ?? 1_000, LONGEST_WAIT);
    this.#scheduler = options.scheduler ?? asyncScheduler;
  }

  admit(connection: C): void {
    const patient = this.#patients.get(connection) ?? this.#register(connection);
    if (patient.listed) return;
    patient.listed = true;
    if (!patient.dialling) this.#schedule(patient);
  }

  discharge(connection: C): void {
    const patient = this.#patients.get(connection);
    if (!patient?.listed) return;
    patient.listed = false;
    if (!patient.dialling) this.#remember(patient);
  }

  /** The source is over: no further attempt is made. */
  complete(): void {
    this.#sourceCompleted = true;
    for (const patient of this.#patients.values()) if (!patient.dialling) this.#forget(patient);
    this.#completeWhenSettled();
  }

  clear(): void {
    for (const patient of this.#patients.values()) this.#forget(patient);
  }

  #register(connection: C): Patient<C> {
    const cell = acquireCell(connection);
    const patient: Patient<C> = {
      cell,
      owner: cell.owner,
      attempt: 0,
      listed: false,
      dialling: false,
      timer: undefined,
      judgement: undefined,
    };
    this.#patients.set(connection, patient);
    return patient;
  }

  #schedule(patient: Patient<C>): void {
    const { connection } = patient.cell;
    const attempt = ++patient.attempt;
    const delay = this.#waitBefore(attempt);
    if (delay === undefined) return;
    patient.timer?.unsubscribe();
    patient.timer = this.#scheduler.schedule(() => this.#redial(patient), delay);
    this.#subscriber.next({ type: 'reconnect-scheduled', connection, attempt, delay });
  }

  /** What the backoff says, where it says something; a mistake in it ends the healing. */
  #waitBefore(attempt: number): number | undefined {
    try {
      const delay = this.#backoff(attempt);
      if (delay >= 0) return Math.min(delay, LONGEST_WAIT);
      throw outOfRange('backoff(attempt)', 'a number of milliseconds', delay);
    } catch (error) {
      this.#subscriber.error(error);
      return undefined;
    }
  }

  #redial(patient: Patient<C>): void {
    const { cell, attempt } = patient;
    const { connection } = cell;
    patient.timer = undefined;
    this.#subscriber.next({ type: 'reconnecting', connection, attempt });
    // On hearing that, somebody may have taken it away.
    if (patient.timer || this.#patients.get(connection) !== patient || (patient.owner && cell.owner !== patient.owner))
      return;
    patient.dialling = true;
    void this.#dial(patient).then((result) => {
      patient.dialling = false;
      if (this.#subscriber.closed) return;
      if (result.ok) this.#subscriber.next({ type: 'reconnected', connection, attempt });
      else this.#subscriber.next({ type: 'reconnect-failed', connection, attempt, cause: result.cause });
      if (!this.#subscriber.closed) this.#follow(patient);
    });
  }

  #dial(patient: Patient<C>): Promise<DialResult> {
    const { cell } = patient;
    if (cell.owner) return cell.owner.dial(cell);
    patient.judgement = judgeDial(cell, () => connect(cell));
    return patient.judgement.result;
  }

  #follow(patient: Patient<C>): void {
    if (this.#sourceCompleted) this.#forget(patient);
    else if (patient.listed) this.#schedule(patient);
    else this.#remember(patient);
    this.#completeWhenSettled();
  }

  /** Somebody may be dialling it, it may break again at once, and its list may be late to tell. */
  #remember(patient: Patient<C>): void {
    patient.timer?.unsubscribe();
    patient.timer = remember(patient.cell, patient.owner, {
      time: this.#resetAfter,
      scheduler: this.#scheduler,
      forget: () => this.#forget(patient),
    });
  }

  #forget(patient: Patient<C>): void {
    patient.timer?.unsubscribe();
    patient.judgement?.cut();
    if (this.#patients.delete(patient.cell.connection)) releaseCell(patient.cell.connection);
  }

  #completeWhenSettled(): void {
    if (this.#sourceCompleted && this.#patients.size === 0) this.#subscriber.complete();
  }
}
