import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import type { Cell, DialResult } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { connect, type Judgement, judgeDial } from '../connection/dial.js';
import { outOfRange } from '../errors.js';
import { changesOf } from '../streams/changes.js';
import { type Backoff, exponentialBackoff, LONGEST_WAIT } from './backoff.js';

/** What {@link reconnectBroken} does, for logs and metrics. `attempt` counts from 1, `delay` is in milliseconds. */
export type ReconnectEvent<C> =
  | { readonly type: 'reconnect-scheduled'; readonly connection: C; readonly attempt: number; readonly delay: number }
  | { readonly type: 'reconnecting'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnected'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnect-failed'; readonly connection: C; readonly attempt: number; readonly cause: unknown };

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
  attempt: number;
  /** Whether the source holds it at present. */
  listed: boolean;
  dialling: boolean;
  timer: Subscription | undefined;
  /** Waits for a dial that no pool waits for. */
  judgement: Judgement | undefined;
}

class Ward<C extends Connection> {
  readonly #patients = new Map<C, Patient<C>>();
  readonly #subscriber: Subscriber<ReconnectEvent<C>>;
  readonly #backoff: Backoff;
  readonly #resetAfter: number;
  readonly #scheduler: SchedulerLike;
  #sourceCompleted = false;

  constructor(subscriber: Subscriber<ReconnectEvent<C>>, options: ReconnectBrokenOptions) {
    this.#subscriber = subscriber;
    this.#backoff = options.backoff ?? exponentialBackoff();
    this.#resetAfter = options.resetAfter ?? 1_000;
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
    if (!patient.dialling) this.#forget(patient);
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
    patient.dialling = true;
    this.#subscriber.next({ type: 'reconnecting', connection, attempt });
    if (this.#subscriber.closed) return;
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
    patient.judgement = judgeDial(cell, connect(cell));
    return patient.judgement.result;
  }

  #follow(patient: Patient<C>): void {
    if (this.#sourceCompleted) this.#forget(patient);
    else if (patient.listed) this.#schedule(patient);
    else if (patient.cell.state === 'closed') this.#forget(patient);
    // It may break again at once, and its list may be late to tell.
    else this.#rememberForAWhile(patient);
    this.#completeWhenSettled();
  }

  #rememberForAWhile(patient: Patient<C>): void {
    patient.timer = this.#scheduler.schedule(() => this.#forget(patient), this.#resetAfter);
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

/**
 * Redials every connection of the source until it comes up or leaves the source, each with a backoff of its own.
 * A connection that the dial takes off the list keeps its backoff. A dial is judged by `state$`; the promise of
 * `connect()` tells the cause. In a pool, dials keep to the pool's `maxDials` and `connectTimeout`.
 *
 * Cold. Unsubscribing cancels what is waiting and leaves a dial under way alone. When the source completes,
 * what is waiting is cancelled and the result completes once dials have settled. Errors with its source, and when
 * `backoff` throws or returns no number of milliseconds.
 *
 * ```text
 * source:            --[a]------[]--------[a]----
 * reconnectBroken(): --s----d---------f---s----d-   (s scheduled, d dialling, f failed)
 * ```
 *
 * @example
 * ```ts
 * pool.broken$.pipe(reconnectBroken({ backoff: exponentialBackoff({ max: 1_000 }) })).subscribe(console.log);
 * ```
 */
export function reconnectBroken<C extends Connection>(
  options: ReconnectBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<ReconnectEvent<C>> {
  return (source) =>
    new Observable((subscriber) => {
      const ward = new Ward<C>(subscriber, options);
      subscriber.add(() => ward.clear());
      return changesOf(source).subscribe({
        next: ({ added, removed }) => {
          for (const connection of removed) ward.discharge(connection);
          for (const connection of added) ward.admit(connection);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => ward.complete(),
      });
    });
}
