import type { SchedulerLike } from 'rxjs';
import { closeWithin } from '../connection/close.js';
import { type Connection, missingMember } from '../connection/connection.js';
import { ConnectionFactoryError, wrongType } from '../errors.js';
import type { Endpoints } from '../membership/endpoints.js';
import type { Membership } from '../membership/membership.js';
import type { PoolErrors } from './pool-errors.js';

/** What a factory is told about the connection to make. */
export interface ConnectionRequest<C> {
  /** The connection that the new one replaces, if any. */
  readonly replaces?: C;
  /**
   * The endpoint to dial: one of the option `endpoints`. Without that option, a replacement gets the endpoint of the
   * connection that it replaces.
   */
  readonly endpoint?: string;
}

/** Returns a new connection at each call. */
export type ConnectionFactory<C> = (request: ConnectionRequest<C>) => C;

/** The options that making connections depends on. */
interface MakerOptions {
  readonly endpoints: unknown;
  readonly closeTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** Makes connections: as many as were asked for, or none. */
export class ConnectionMaker<C extends Connection> {
  /** Connections being made. They count as members, because a factory may call the pool. */
  creating = 0;
  readonly #factory: ConnectionFactory<C>;
  readonly #options: MakerOptions;
  readonly #membership: Membership<C>;
  readonly #endpoints: Endpoints<C>;
  readonly #errors: PoolErrors<C>;

  constructor(
    factory: ConnectionFactory<C>,
    options: MakerOptions,
    membership: Membership<C>,
    endpoints: Endpoints<C>,
    errors: PoolErrors<C>,
  ) {
    this.#factory = factory;
    this.#options = options;
    this.#membership = membership;
    this.#endpoints = endpoints;
    this.#errors = errors;
  }

  /** @param list - the endpoints that they are made for; false for none. */
  create(
    count: number,
    request: ConnectionRequest<C> = {},
    list = this.#endpoints.listFor(this.#options.endpoints),
  ): C[] {
    const made = new Set<C>();
    const nextEndpoint = list && this.#endpoints.assigner(request.replaces, list);
    this.creating += count;
    try {
      while (made.size < count) made.add(this.#createFor(made, request, nextEndpoint));
      // The factory may have handed an earlier connection of this batch to another pool.
      for (const connection of made) this.#checkFree(connection);
      return [...made];
    } catch (error) {
      this.destroyUnused(made);
      throw error;
    } finally {
      this.creating -= count;
    }
  }

  /** Closes connections that were made and did not join the pool. */
  destroyUnused(made: Iterable<C>): void {
    const { closeTimeout, scheduler } = this.#options;
    for (const connection of made) {
      if (!this.#membership.isTaken(connection)) void closeWithin(connection, closeTimeout, scheduler);
    }
  }

  #createFor(made: ReadonlySet<C>, request: ConnectionRequest<C>, nextEndpoint: false | (() => string | undefined)): C {
    if (!nextEndpoint) return this.#createOne(made, request);
    const endpoint = nextEndpoint();
    if (endpoint === undefined) throw this.#errors.noEndpointsError();
    const connection = this.#createOne(made, { ...request, endpoint });
    this.#endpoints.assign(connection, endpoint);
    return connection;
  }

  #createOne(made: ReadonlySet<C>, request: ConnectionRequest<C>): C {
    let connection: C;
    try {
      connection = this.#factory(request);
    } catch (cause) {
      throw this.#error('threw', cause);
    }
    const missing = missingMember(connection);
    if (missing !== undefined) {
      throw this.#error(explain(connection, missing), wrongType('connectionFactory()', 'a connection', connection));
    }
    if (made.has(connection)) throw this.#error('returned the same connection twice');
    this.#checkFree(connection);
    return connection;
  }

  #checkFree(connection: C): void {
    if (this.#membership.isTaken(connection)) throw this.#error('returned a connection that is in a pool already');
  }

  #error(what: string, cause?: unknown): ConnectionFactoryError {
    const message = `connectionFactory ${what} instead of returning a new connection`;
    return new ConnectionFactoryError(message, { ...this.#errors.context(), cause });
  }
}

function explain(value: unknown, missing: string): string {
  if (value === undefined || value === null) return `returned ${value}`;
  if (typeof value !== 'object') return `returned a ${typeof value}`;
  if (typeof (value as { then?: unknown }).then === 'function') {
    return 'returned a promise (connections are made at once and dialled by connect())';
  }
  return `returned an object that lacks ${missing}`;
}
