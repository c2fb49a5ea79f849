import type { Subscriber } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { type Carer, Patient } from './patient.js';
import type { ReconnectEvent } from './reconnect-event.js';
import type { ReconnectSettings } from './reconnect-options.js';

/** Those being brought back. */
export class Ward<C extends Connection> implements Carer<C> {
  isLeaving = false;
  readonly #patients = new Map<C, Patient<C>>();

  constructor(
    readonly subscriber: Subscriber<ReconnectEvent<C>>,
    readonly settings: ReconnectSettings,
  ) {}

  admit(connection: C): void {
    const known = this.#patients.get(connection);
    const patient = known ?? new Patient(connection, this);
    if (!known) this.#patients.set(connection, patient);
    patient.enter();
  }

  discharge(connection: C): void {
    this.#patients.get(connection)?.leave();
  }

  /** The source is over: no further attempt is made. */
  complete(): void {
    this.isLeaving = true;
    for (const patient of this.#patients.values()) if (!patient.isDialled) patient.forget();
    this.#completeWhenSettled();
  }

  clear(): void {
    for (const patient of this.#patients.values()) patient.forget();
  }

  tell(event: ReconnectEvent<C>): void {
    this.subscriber.next(event);
  }

  fail(error: unknown): void {
    this.subscriber.error(error);
  }

  forget({ cell }: Patient<C>): void {
    this.#patients.delete(cell.connection);
    this.#completeWhenSettled();
  }

  #completeWhenSettled(): void {
    if (this.isLeaving && this.#patients.size === 0) this.subscriber.complete();
  }
}
