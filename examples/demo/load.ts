import { randomUUID } from 'node:crypto';
import { filter, firstValueFrom, map, type Observable, Subject, startWith } from 'rxjs';
import { type ConnectionPool, PoolError } from 'rxpool';
import { RequestError, RequestTimeoutError, type ZcachedConnection } from 'rxpool/zcached';
import type { Exchange } from './exchange.js';

/** How one request ended. `attempts` counts from 1. */
export type Result = { readonly id: number; readonly attempts: number } & (
  | { readonly type: 'answered'; readonly connection: ZcachedConnection; readonly ms: number }
  /** The reply was not the one to this request. */
  | { readonly type: 'wrong'; readonly connection: ZcachedConnection }
  /** `maybe`: it is not known whether it took effect. */
  | { readonly type: 'failed'; readonly code: string; readonly maybe: boolean }
);

/** A cut takes several connections one after the other, and what waits moves on from each to the next. */
const MOST_ATTEMPTS = 10;

/** Requests on a pool, each with a nonce that its reply is checked against. */
export class Load {
  /** One value for each request, when it has settled. */
  readonly results$: Observable<Result>;
  readonly #results = new Subject<Result>();
  readonly #pool: Pick<ConnectionPool<ZcachedConnection>, 'use'>;
  readonly #exchange: Exchange;
  readonly #run = randomUUID().slice(0, 8);
  #issued = 0;
  #outstanding = 0;

  constructor(pool: Pick<ConnectionPool<ZcachedConnection>, 'use'>, exchange: Exchange) {
    this.#pool = pool;
    this.#exchange = exchange;
    this.results$ = this.#results.asObservable();
  }

  get issued(): number {
    return this.#issued;
  }

  /** Requests that have not settled. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Makes one request. Never rejects: how it went is a result. */
  async request(): Promise<void> {
    const id = this.#issued++;
    this.#outstanding++;
    const result = await this.#ask(id);
    this.#outstanding--;
    this.#results.next(result);
  }

  /** Resolves once nothing is outstanding. */
  async settled(): Promise<void> {
    const outstanding$ = this.results$.pipe(
      startWith(undefined),
      map(() => this.#outstanding),
    );
    await firstValueFrom(outstanding$.pipe(filter((outstanding) => outstanding === 0)));
  }

  async #ask(id: number): Promise<Result> {
    const nonce = `${this.#run}:${id}`;
    const start = performance.now();
    for (let attempts = 1; ; attempts++) {
      try {
        const { connection, reply } = await this.#pool.use(async (connection) => {
          return { connection, reply: await this.#exchange(connection, nonce) };
        });
        if (reply !== nonce) return { type: 'wrong', id, attempts, connection };
        return { type: 'answered', id, attempts, connection, ms: performance.now() - start };
      } catch (error) {
        // Only what was never sent may be asked again: the rest may have taken effect. And what has had its time has
        // had it: to ask again would be no help to a server that cannot keep up.
        const sent = error instanceof RequestError ? error.sent : undefined;
        const isLate = error instanceof RequestTimeoutError;
        if (sent === 'never' && !isLate && attempts < MOST_ATTEMPTS) continue;
        return { type: 'failed', id, attempts, code: codeOf(error), maybe: sent === 'maybe' };
      }
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof PoolError ? error.code : String(error));
