import { Subscription } from 'rxjs';
import type { ConnectionState } from 'rxpool';
import type { ZcachedConnection } from 'rxpool/zcached';
import type { Row } from './model.js';

/** What has been seen of one connection. */
export class Watched {
  served = 0;
  reconnects = 0;
  /** Whether it was lost and is not back yet. */
  isLost = false;
  /** When it will be redialled, while it waits for that. */
  redialAt: number | undefined = undefined;
  #state: ConnectionState = 'idle';
  #pending = 0;
  readonly #subscription = new Subscription();

  constructor(
    connection: ZcachedConnection,
    readonly number: number,
  ) {
    const { state$, pending$ } = connection;
    this.#subscription.add(state$.subscribe((state) => this.#stateChanged(state)));
    this.#subscription.add(pending$.subscribe((pending) => (this.#pending = pending)));
  }

  row(now: number): Row {
    const wait = this.redialAt === undefined ? 0 : Math.max(0, this.redialAt - now);
    const note = this.redialAt === undefined ? '' : `redial in ${(wait / 1_000).toFixed(1)} s`;
    const { number, served, reconnects } = this;
    return { number, state: this.#state, pending: this.#pending, served, reconnects, note };
  }

  unwatch(): void {
    this.#subscription.unsubscribe();
  }

  #stateChanged(state: ConnectionState): void {
    this.#state = state;
    if (state !== 'broken') this.redialAt = undefined;
  }
}
