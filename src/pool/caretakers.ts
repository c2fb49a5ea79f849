import { defer, type Observable, Subscription } from 'rxjs';

/** Something that looks after the pool while it is open. The function tells duties apart. */
export interface Duty {
  readonly id: object;
  begin(): Observable<unknown>;
  next?(value: unknown): void;
  failed(cause: unknown): void;
}

interface Running {
  readonly duty: Duty;
  readonly subscription: Subscription;
}

/** Keeps those duties subscribed to that are wanted. */
export class Caretakers {
  readonly #running = new Map<object, Running>();
  #wanted: readonly Duty[] = [];

  /** Begins what is new, ends what is not wanted any more, and leaves the rest alone. */
  want(duties: readonly Duty[]): void {
    this.#wanted = duties;
    const ids = new Set(duties.map(({ id }) => id));
    const unwanted = [...this.#running.values()].filter(({ duty }) => !ids.has(duty.id));
    for (const { duty } of unwanted) this.#running.delete(duty.id);
    for (const running of unwanted) end(running);
    for (const duty of duties) {
      // One that has ended or begun may have closed the pool, or opened it.
      if (this.#wanted !== duties) return;
      if (!this.#running.has(duty.id)) this.#begin(duty);
    }
  }

  #begin(duty: Duty): void {
    const subscription = new Subscription();
    this.#running.set(duty.id, { duty, subscription });
    subscription.add(
      defer(() => duty.begin()).subscribe({
        next: (value) => duty.next?.(value),
        error: (cause: unknown) => duty.failed(cause),
      }),
    );
  }
}

/** A mistake in somebody's teardown must not keep a pool from closing. */
function end({ duty, subscription }: Running): void {
  try {
    subscription.unsubscribe();
  } catch (cause) {
    duty.failed(cause);
  }
}
