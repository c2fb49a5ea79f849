import { SubjectConnection } from '../support/connections.js';

/** A connection whose dial cannot be cancelled: it connects late, even after close(). */
export class LateConnection extends SubjectConnection {
  readonly #waiting: (() => void)[] = [];
  #dial: Promise<void> | undefined;

  override connect(): Promise<void> {
    if (this.state === 'connected') return Promise.resolve();
    this.state$.next('connecting');
    this.#dial ??= new Promise((resolve) => {
      this.#waiting.push(() => {
        this.#dial = undefined;
        this.state$.next('connected');
        resolve();
      });
    });
    return this.#dial;
  }

  override accept(): void {
    for (const connectNow of this.#waiting.splice(0)) connectNow();
  }

  override refuse(): void {}
}
