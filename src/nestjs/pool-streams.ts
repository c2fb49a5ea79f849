import { type BeforeApplicationShutdown, Inject, Injectable, type MessageEvent, Optional } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AsyncSubject, map, merge, type Observable, takeUntil } from 'rxjs';
import { type Connection, type ConnectionPool, describe, healthEvery } from 'rxpool';
import { checkOptions } from '../checks.js';
import { outOfRange } from '../errors.js';
import { PoolRegistry } from './pool-registry.js';
import { DEFAULT_NAME, getPoolToken } from './tokens.js';

/** Options of {@link PoolStreams}. */
export interface PoolStreamOptions {
  /** The least milliseconds between two emissions of the same status. @default 250 */
  readonly every?: number | undefined;
}

type StreamingPool = Pick<ConnectionPool<Connection>, 'health$' | 'events$'>;

/**
 * The streams of the application's pools as `MessageEvent`s of plain data, for `@Sse()`. Figures are emitted at a
 * limited rate. Every stream completes at shutdown, so that the HTTP server does not wait for its response, and when
 * its pool is disposed of. Any class can inject it in an application with a {@link ConnectionPoolModule}.
 *
 * A browser opens six connections to an origin, and each stream occupies one; `all()` needs only one for everything.
 * @example
 * ```ts
 * class HealthController {
 *   constructor(@Inject(PoolStreams) private readonly streams: PoolStreams) {}
 *
 *   @Sse('pools')
 *   pools(): Observable<MessageEvent> {
 *     return this.streams.all();
 *   }
 * }
 * ```
 */
export class PoolStreams implements BeforeApplicationShutdown {
  readonly #moduleRef: ModuleRef;
  readonly #registry: PoolRegistry | undefined;
  readonly #ended = new AsyncSubject<true>();

  constructor(moduleRef: ModuleRef, registry?: PoolRegistry) {
    this.#moduleRef = moduleRef;
    this.#registry = registry;
  }

  /**
   * The figures of a pool as messages of the type `health`: at once, at each change of status, and otherwise at
   * most once in `every` milliseconds.
   *
   * @param name - the name of the pool. @default 'default'
   * @throws RangeError for the name of no pool, and for an invalid `every`.
   */
  health(name: string = DEFAULT_NAME, options: PoolStreamOptions = {}): Observable<MessageEvent> {
    checkOptions('options', options, ['every']);
    const { every = 250 } = options;
    // A copy, because Nest may write into what it sends.
    const messages = map((health: object): MessageEvent => ({ type: 'health', data: { ...health } }));
    return this.#pool(name).health$.pipe(healthEvery(every), messages, takeUntil(this.#ended));
  }

  /**
   * The events of a pool as messages of the type `event`. Each contains the plain data of `describe()`, and the name of
   * the pool as `pool`.
   *
   * @param name - the name of the pool. @default 'default'
   * @throws RangeError for the name of no pool.
   */
  events(name: string = DEFAULT_NAME): Observable<MessageEvent> {
    return this.#pool(name).events$.pipe(
      map((event): MessageEvent => ({ type: 'event', data: { pool: name, ...describe(event) } })),
      takeUntil(this.#ended),
    );
  }

  /**
   * The figures and the events together.
   *
   * @param name - the name of the pool. @default every pool of the application
   * @throws RangeError for the name of no pool, and for an invalid `every`.
   */
  all(name?: string, options: PoolStreamOptions = {}): Observable<MessageEvent> {
    const names = name === undefined ? (this.#registry?.names ?? [DEFAULT_NAME]) : [name];
    return merge(...names.flatMap((each) => [this.events(each), this.health(each, options)]));
  }

  /** Completes every stream, because the HTTP server, which closes next, waits for its responses. */
  beforeApplicationShutdown(): void {
    this.#ended.next(true);
    this.#ended.complete();
  }

  #pool(name: string): StreamingPool {
    try {
      return this.#moduleRef.get<StreamingPool>(getPoolToken(name) as string, { strict: false });
    } catch {
      const known = this.#registry?.names.join(', ') ?? '';
      throw outOfRange('name', `that of a pool of this application (${known})`, name);
    }
  }
}

Injectable()(PoolStreams);
Inject(ModuleRef)(PoolStreams, undefined, 0);
Inject(PoolRegistry)(PoolStreams, undefined, 1);
Optional()(PoolStreams, undefined, 1);
