import { defer, type Observable, Subscription } from 'rxjs';

/** A policy to be subscribed to while the pool is open. `id` is the function that the user gave. */
export interface PolicyEntry {
  readonly id: object;
  subscribe(): Observable<unknown>;
  next?(value: unknown): void;
  failed(cause: unknown): void;
  completed?(): void;
  /** The pool does not want it any more. */
  unsubscribed?(): void;
}

interface Running {
  readonly entry: PolicyEntry;
  readonly subscription: Subscription;
}

/** The subscriptions to a pool's policies. */
export class PolicySubscriptions {
  readonly #running = new Map<object, Running>();
  readonly #wanted: () => readonly PolicyEntry[];

  /** @param wanted - the policies that should be subscribed to at this moment. */
  constructor(wanted: () => readonly PolicyEntry[]) {
    this.#wanted = wanted;
  }

  /** Subscribes to what is new, unsubscribes from what is not wanted any more, and leaves the rest alone. */
  sync(): void {
    const ids = new Set(this.#wanted().map(({ id }) => id));
    const ended = [...this.#running.values()].filter(({ entry }) => !ids.has(entry.id));
    for (const { entry } of ended) this.#running.delete(entry.id);
    for (const running of ended) unsubscribe(running);
    // Asked again each time: a policy that ends or starts may close the pool, or have it go by others.
    const nextMissing = (): PolicyEntry | undefined => this.#wanted().find(({ id }) => !this.#running.has(id));
    for (let entry = nextMissing(); entry; entry = nextMissing()) this.#subscribe(entry);
  }

  #subscribe(entry: PolicyEntry): void {
    const subscription = new Subscription();
    this.#running.set(entry.id, { entry, subscription });
    subscription.add(
      defer(() => entry.subscribe()).subscribe({
        next: (value) => entry.next?.(value),
        error: (cause: unknown) => entry.failed(cause),
        complete: () => {
          if (!subscription.closed) entry.completed?.();
        },
      }),
    );
  }
}

/** What the teardown of a policy throws must not keep a pool from closing. */
function unsubscribe({ entry, subscription }: Running): void {
  try {
    subscription.unsubscribe();
  } catch (cause) {
    entry.failed(cause);
  }
  entry.unsubscribed?.();
}
