import { defer, type Observable, Subscription } from 'rxjs';

/** Something that looks after the pool while it is open. The function tells duties apart. */
export interface Duty {
  readonly id: object;
  begin(): Observable<unknown>;
  next?(value: unknown): void;
  failed(cause: unknown): void;
}

/** Keeps those duties subscribed to that are wanted. */
export class Caretakers {
  readonly #running = new Map<object, Subscription>();
  #wanted: readonly Duty[] = [];

  /** Begins what is new, ends what is not wanted any more, and leaves the rest alone. */
  want(duties: readonly Duty[]): void {
    this.#wanted = duties;
    const wanted = new Set(duties.map(({ id }) => id));
    for (const [id, subscription] of this.#running) {
      if (wanted.has(id)) continue;
      this.#running.delete(id);
      subscription.unsubscribe();
    }
    for (const duty of duties) {
      // One that has just begun may have closed the pool.
      if (this.#wanted !== duties) return;
      if (!this.#running.has(duty.id)) this.#begin(duty);
    }
  }

  #begin(duty: Duty): void {
    const running = new Subscription();
    this.#running.set(duty.id, running);
    running.add(
      defer(() => duty.begin()).subscribe({
        next: (value) => duty.next?.(value),
        error: (cause: unknown) => duty.failed(cause),
      }),
    );
  }
}
