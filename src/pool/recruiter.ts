import type { SchedulerLike } from 'rxjs';
import { cellOf } from '../connection/cells.js';
import { type Connection, isConnection } from '../connection/connection.js';
import { shut } from '../connection/shut.js';
import { ConnectionFactoryError, type PoolFigures, wrongType } from '../errors.js';
import type { Registry } from '../registry/registry.js';

/** Makes connections: all that were asked for, or none. */
export class Recruiter<C extends Connection> {
  /** Seats for connections that are being made: a factory may call the pool. */
  reserved = 0;

  constructor(
    readonly registry: Registry<C>,
    readonly factory: () => C,
    readonly settings: { readonly closeTimeout: number; readonly scheduler: SchedulerLike },
    readonly figures: () => PoolFigures,
  ) {}

  make(count: number): C[] {
    const made = new Set<C>();
    this.reserved += count;
    try {
      while (made.size < count) made.add(this.#makeOne(made));
      // A factory may have given away what it made before.
      for (const connection of made) this.#checkFree(connection);
      return [...made];
    } catch (error) {
      this.discard(made);
      throw error;
    } finally {
      this.reserved -= count;
    }
  }

  /** Closes connections that were made in vain. */
  discard(made: Iterable<C>): void {
    for (const connection of made) {
      if (cellOf(connection).owner) continue;
      void shut(connection, this.settings.closeTimeout, this.settings.scheduler);
    }
  }

  /** Leaves out those that are members already; one of another pool is a mistake. */
  newcomers(argument: string, connections: readonly C[]): C[] {
    return connections.filter((connection, place) => {
      const { owner } = cellOf(connection);
      if (owner && owner !== this.registry) {
        throw wrongType(`${argument}[${place}]`, 'a connection that belongs to no other pool', connection);
      }
      return owner === undefined;
    });
  }

  #makeOne(made: ReadonlySet<C>): C {
    let connection: C;
    try {
      connection = this.factory();
    } catch (cause) {
      throw this.#error('threw', cause);
    }
    if (!isConnection(connection)) {
      throw this.#error('returned something else', wrongType('connectionFactory()', 'a connection', connection));
    }
    if (made.has(connection)) throw this.#error('returned the same connection twice');
    this.#checkFree(connection);
    return connection;
  }

  #checkFree(connection: C): void {
    if (cellOf(connection).owner) throw this.#error('returned a connection that is in a pool already');
  }

  #error(what: string, cause?: unknown): ConnectionFactoryError {
    const figures = this.figures();
    return new ConnectionFactoryError(`connectionFactory ${what} instead of returning a new connection`, {
      cause,
      figures,
    });
  }
}
