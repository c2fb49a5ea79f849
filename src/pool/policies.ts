import { defer, type Observable, Subscription } from 'rxjs';

/** An observable that is subscribed to while the pool is open. `id` is the function that the user gave. */
export interface PolicyEntry {
  readonly id: object;
  subscribe(): Observable<unknown>;
  next?(value: unknown): void;
  failed(cause: unknown): void;
  completed?(): void;
  /** Called when the pool has unsubscribed. */
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

  /** @param wanted - returns the policies to be subscribed to now. */
  constructor(wanted: () => readonly PolicyEntry[]) {
    this.#wanted = wanted;
  }

  /** Subscribes to new policies, unsubscribes from removed ones, and leaves the others running. */
  sync(): void {
    const ids = new Set(this.#wanted().map(({ id }) => id));
    const ended = [...this.#running.values()].filter(({ entry }) => !ids.has(entry.id));
    for (const { entry } of ended) this.#running.delete(entry.id);
    for (const running of ended) unsubscribe(running);
    // Read again each time: a policy that starts or ends may close or reconfigure the pool.
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

/** An error in the teardown of a policy must not keep a pool from closing. */
function unsubscribe({ entry, subscription }: Running): void {
  try {
    subscription.unsubscribe();
  } catch (cause) {
    entry.failed(cause);
  }
  entry.unsubscribed?.();
}
