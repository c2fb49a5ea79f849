import { setTimeout as sleep } from 'node:timers/promises';
import type { AdaptedConnection, ConnectionPool } from 'rxpool';

/** How long a call may take. */
export const TIMEOUT = 500;

/** Callers of a pool, who each ask again once they are answered, or a millisecond after a failure. */
export class Callers<Client> {
  answered = 0;
  readonly errors: unknown[] = [];
  /** Answers to other questions. */
  readonly wrong: string[] = [];
  /** The longest that a call took, in milliseconds. */
  slowest = 0;
  /** When the latest answer came. */
  lastAnswer = 0;
  /** How many calls were made. */
  asked = 0;
  #isOver = false;
  readonly #callers: Promise<void>[];

  constructor(
    readonly pool: ConnectionPool<AdaptedConnection<Client>>,
    count: number,
    /** Has the server send a text back. */
    readonly ask: (client: Client, text: string) => Promise<unknown>,
  ) {
    this.#callers = Array.from({ length: count }, () => this.#call());
  }

  /** Resolves when every call has settled. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }

  /** How many calls failed, by what they failed with. */
  get failures(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const error of this.errors) {
      const { name } = error as Error;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  #settled(begin: number): void {
    this.slowest = Math.max(this.slowest, performance.now() - begin);
  }

  async #call(): Promise<void> {
    while (!this.#isOver) {
      const nonce = `nonce ${this.asked++}`;
      const begin = performance.now();
      try {
        const echo = await this.pool.use(({ client }) => this.ask(client, nonce), { timeout: TIMEOUT });
        if (echo === nonce) this.answered++;
        else this.wrong.push(`${nonce}: ${echo}`);
        this.#settled(begin);
        this.lastAnswer = performance.now();
      } catch (error) {
        this.#settled(begin);
        this.errors.push(error);
        await sleep(1);
      }
    }
  }
}
