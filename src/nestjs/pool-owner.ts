import type { OnApplicationShutdown } from '@nestjs/common';
import { type Connection, ConnectionPool } from 'rxpool';
import { type ConnectionPoolModuleOptions, type ResolvedStart, resolveStart } from './options.js';
import { logPool } from './pool-log.js';
import type { PoolRegistry } from './pool-registry.js';
import { PoolStartError } from './start-error.js';

/**
 * Makes the pool of one module when it is asked for, and disposes of it after the application has shut down. Makes none
 * if a test overrides the pool.
 */
export class PoolOwner<C extends Connection, K> implements OnApplicationShutdown {
  readonly #name: string;
  readonly #options: ConnectionPoolModuleOptions<C, K>;
  readonly #start: ResolvedStart;
  readonly #registry: PoolRegistry;
  #pool: ConnectionPool<C, K> | undefined;

  constructor(name: string, options: ConnectionPoolModuleOptions<C, K>, registry: PoolRegistry) {
    this.#name = name;
    this.#options = options;
    this.#start = resolveStart(options);
    this.#registry = registry;
    registry.add(name, this);
  }

  /** Resolves with the pool once it is ready. */
  async start(): Promise<ConnectionPool<C, K>> {
    const { poolSize, connectionFactory, options } = this.#options;
    const pool = new ConnectionPool<C, K>(poolSize, connectionFactory, { name: this.#name, ...options });
    this.#pool = pool;
    if (this.#start.log) logPool(this.#name, pool);
    try {
      if (this.#start.minConnected > 0) await this.#open(pool);
      return pool;
    } catch (cause) {
      const error = this.#startError(pool, cause);
      await this.#registry.disposeAll();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await this.#pool?.dispose();
  }

  /** Called after the HTTP server has closed, so that running handlers still have their pool. */
  async onApplicationShutdown(): Promise<void> {
    await this.dispose();
  }

  /** Dials all connections, and waits for as many as required. Does not wait if the factory throws. */
  #open(pool: ConnectionPool<C, K>): Promise<void> {
    const { minConnected: min, startTimeout: timeout } = this.#start;
    return new Promise((resolve, reject) => {
      pool.setup().catch(reject);
      pool.ready({ min, timeout }).then(resolve, reject);
    });
  }

  #startError(pool: ConnectionPool<C, K>, reason: unknown): PoolStartError {
    const endpoints = [...new Set(pool.connections.map(({ endpoint }) => endpoint).filter((e) => e !== undefined))];
    const { message, cause = reason } = reason as Error;
    const where = endpoints.length > 0 ? ` (${endpoints.join(', ')})` : '';
    const why = cause === reason ? '' : `: ${textOf(cause)}`;
    const options = { cause, pool: this.#name, figures: pool.health, endpoints };
    return new PoolStartError(`The pool ${this.#name}${where} did not start. ${message}${why}`, options);
  }
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code, name, message } = cause as Error & { readonly code?: unknown };
  return message || String(code ?? name);
}
