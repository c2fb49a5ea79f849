import { BehaviorSubject, type Observable } from 'rxjs';
import { checkEach, checkFunction, checkText } from '../checks.js';
import { type Deferred, deferred } from '../deferred.js';
import { ClientLostError, wrongType } from '../errors.js';
import { BaseConnection } from './base-connection.js';
import { type Connection, type ConnectionState, type ErrorClass, RECORD } from './connection.js';
import { loadStreamOf } from './record.js';

/** The context of one dial. */
export interface DialContext {
  /**
   * Aborts when the dial is no longer wanted, because it took too long or the connection was closed. Listen to it to
   * end the dial sooner; the client is closed in any case.
   */
  readonly signal: AbortSignal;
  /** The server to dial: the option `endpoint`, or else the endpoint that the pool asks for. */
  readonly endpoint: string | undefined;
}

/**
 * How a client reports changes. After the client was lost, closed or given up these functions do nothing, so listeners
 * may stay on an old client.
 */
export interface ClientReports {
  /**
   * The client is lost: its connection becomes broken, and a dial under way fails with this cause. Only the first call
   * counts. A cause that is not an object is wrapped in a {@link ClientLostError}, so this can be the listener of any
   * event.
   */
  readonly lost: (cause?: unknown) => void;
  /** The client takes no new requests and finishes those it has. */
  readonly draining: () => void;
  /** How many requests the client can carry at once: an integer of at least 0, or Infinity. */
  readonly capacity: (requests: number) => void;
  /** How many requests are in flight on the client. Report it if the client is used outside the pool too. */
  readonly pending: (requests: number) => void;
}

/** The members of every adapter. */
export interface AdapterBase<Client> {
  /** The name of the connections in logs, events, errors and metrics. @default none */
  readonly name?: string | undefined;
  /**
   * The server: `host:port`, a URL, a label of yours, or a function that derives it from the endpoint that the pool
   * asks for. A password in a URL reaches only `create` and `open`. @default the endpoint that the pool asks for
   */
  readonly endpoint?: string | ((requested: string | undefined) => string | undefined) | undefined;
  /**
   * Adds listeners to a new client, before it is connected. A returned function is called when the client is given up,
   * just before `close`; use it to clear timers. Keep listeners for `error` events attached. A returned client is
   * ignored. @default none
   */
  readonly watch?: ((client: Client, reports: ClientReports) => unknown) | undefined;
  /**
   * Closes a client. Called for each client that was made, also for lost ones and those of failed dials, and once more
   * if a dial succeeds after that. Its promise should not wait for an answer of the server.
   */
  readonly close: (client: Client) => unknown;
  /**
   * Whether a connected client can be used. Called at each pick, and when work has ended, so it should only read a
   * field. The client is lost if this returns false or undefined, or throws. @default none
   */
  readonly alive?: ((client: Client) => boolean | undefined) | undefined;
  /** Sends a request that only a live server answers. @default none */
  readonly ping?: ((client: Client, context: { readonly signal: AbortSignal }) => PromiseLike<unknown>) | undefined;
  /** Says what an error of work means for the connection; undefined leaves that to the pool's default. @default none */
  readonly classify?: ((error: unknown, client: Client) => ErrorClass | undefined) | undefined;
}

/**
 * An adapter of a client that is created first and then connected. Prefer it where possible: a client that hangs in a
 * dial can be closed.
 */
export interface CreatingAdapter<Client> extends AdapterBase<Client> {
  /**
   * Creates a client for one dial. The client must not reconnect by itself, nor queue requests for a later connection.
   */
  readonly create: (context: DialContext) => Client;
  /** Connects a client. The promise resolves once requests can be sent, and rejects with the cause. */
  readonly connect: (client: Client, context: DialContext) => unknown;
  /** Only in an {@link OpeningAdapter}. */
  readonly open?: undefined;
}

/** An adapter of a client that its library returns only when it is connected. */
export interface OpeningAdapter<Client> extends AdapterBase<Client> {
  /**
   * Creates and connects a client for one dial. A client that arrives after the dial was given up is closed. A client
   * that never arrives cannot be closed: pass the signal, or a timeout, to the library.
   */
  readonly open: (context: DialContext) => Client | PromiseLike<Client>;
  /** Only in a {@link CreatingAdapter}. */
  readonly create?: undefined;
  /** Only in a {@link CreatingAdapter}. */
  readonly connect?: undefined;
}

/** How a client is made, watched and closed: by `create` and `connect`, or by `open`. */
export type Adapter<Client> = CreatingAdapter<Client> | OpeningAdapter<Client>;

/** A connection around a client, made by the function that {@link adapt} returns. */
export interface AdaptedConnection<Client> extends Connection {
  /**
   * The connected client. Each dial makes a new one, so read it once for work that belongs together.
   *
   * @throws {@link ClientLostError} while the connection is not connected
   */
  readonly client: Client;
  /** The current state. */
  readonly state: ConnectionState;
  /** The larger of the requests in flight that the client reports and the leases open on the connection. */
  readonly pending: number;
}

/** Makes a new connection at each call: a connection factory for a pool. */
export type AdaptedFactory<Client> = (request?: {
  /** The endpoint to dial. */
  readonly endpoint?: string;
}) => AdaptedConnection<Client>;

/** One client and its dial. */
interface Session<Client> {
  readonly client: Client;
  /** Rejects when the client is lost, or the dial is aborted. */
  readonly failure: Deferred<never>;
  teardown: unknown;
}

/**
 * Makes a connection factory for any client. You say how to make, connect, watch and close a client; `adapt` adds
 * states, counts, deadlines and cleanup. Each dial makes a new client. Each client is closed when it is lost, or when
 * its dial fails, is aborted or ends too late.
 *
 * The client must not reconnect by itself or queue requests for a later connection. The pool redials, and would take a
 * client that waits for its server for a connected one.
 *
 * @param adapter - put `create` or `open` first, so that TypeScript infers the type of the client for the other
 * functions.
 * @throws `TypeError` for a member that is missing, of the wrong type, or unknown
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { Socket } from 'node:net';
 * import { adapt, ConnectionPool, resilient } from 'rxpool';
 *
 * const echo = adapt({
 *   create: () => new Socket(),
 *   name: 'echo',
 *   endpoint: `localhost:${port}`,
 *   connect: (socket) => once(socket.connect(port), 'connect'),
 *   watch: (socket, { lost }) => socket.on('error', lost).on('close', lost),
 *   close: (socket) => socket.destroy(),
 *   alive: (socket) => socket.writable,
 * });
 * const pool = new ConnectionPool(4, echo, { policies: resilient() });
 * await pool.use(({ client }) => client.write('hello\n'));
 * ```
 */
export function adapt<Client>(adapter: Adapter<Client>): AdaptedFactory<Client> {
  const checked = checkAdapter(adapter);
  return (request) => new ClientConnection(checked, request?.endpoint);
}

/** The transport of the base class is a session around the client: a library may return the same client twice. */
class ClientConnection<Client> extends BaseConnection<Session<Client>> implements AdaptedConnection<Client> {
  declare readonly name?: string;
  declare readonly endpoint?: string;
  declare readonly capacity$?: Observable<number>;
  declare readonly ping?: (context: { readonly signal: AbortSignal }) => Promise<unknown>;
  declare readonly classify?: (error: unknown) => ErrorClass | undefined;
  readonly #adapter: Adapter<Client>;
  readonly #endpoint: string | undefined;
  readonly #capacity = new BehaviorSubject(Number.POSITIVE_INFINITY);
  /** The latest session. Its client may report until it is given up. */
  #session: Session<Client> | undefined = undefined;

  constructor(adapter: Adapter<Client>, requested: string | undefined) {
    super();
    this.#adapter = adapter;
    const { name, endpoint = requested, watch, alive, ping, classify } = adapter;
    this.#endpoint = typeof endpoint === 'function' ? endpoint(requested) : endpoint;
    if (name !== undefined) this.name = name;
    if (this.#endpoint !== undefined) {
      checkText('endpoint()', this.#endpoint);
      // An endpoint that the pool asked for is kept unchanged, because the pool compares it.
      this.endpoint = this.#endpoint === requested ? requested : this.#endpoint.replace(/\/\/[^/?#]*@/, '//');
    }
    if (watch) this.capacity$ = this.#capacity.asObservable();
    if (alive) this[RECORD].check = () => this.#check(alive);
    if (ping) {
      this.ping = async (context) => {
        this[RECORD].check();
        return await ping(this.client, context);
      };
    }
    if (classify) this.classify = (error) => this.transport && classify(error, this.transport.client);
  }

  /** The larger of the requests in flight that the client reports and the open leases. */
  override get pending$(): Observable<number> {
    return loadStreamOf(this[RECORD]);
  }

  override get pending(): number {
    return this[RECORD].load;
  }

  get client(): Client {
    const { transport } = this;
    if (transport) return transport.client;
    throw this.#error(`There is no client: the connection is ${this.state}`, this.cause);
  }

  protected override async open(signal: AbortSignal): Promise<Session<Client>> {
    const { create, connect, open } = this.#adapter;
    const context: DialContext = { signal, endpoint: this.#endpoint };
    if (open) return this.#begin(await open(context), signal);
    const session = this.#begin(create(context), signal);
    signal.addEventListener('abort', () => session.failure.reject(signal.reason), { once: true });
    const connected = new Promise((resolve) => resolve(connect(session.client, context)));
    // Closing a client during its dial does not stop every kind of client.
    connected.then(() => this.#session === session || this.#discard(session), ignore);
    try {
      await Promise.race([connected, session.failure.promise]);
    } catch (cause) {
      if (this.#session === session) this.#discard(session);
      throw cause;
    }
    return session;
  }

  /** Also waits until the client of a dial under way is closed: until then its server counts it. */
  override close(): Promise<void> {
    const dialled = this.state === 'connecting' ? this.#session : undefined;
    const closing = super.close();
    if (!dialled) return closing;
    const discarded = this.shut(dialled).catch(ignore);
    return closing.then(() => discarded);
  }

  protected override async shut(session: Session<Client>): Promise<void> {
    if (this.#session === session) this.#change(undefined);
    const { client, teardown } = session;
    session.teardown = undefined;
    try {
      if (typeof teardown === 'function' && teardown !== client) teardown();
    } finally {
      await this.#adapter.close(client);
    }
  }

  /**
   * Watches a new client. A client whose dial was aborted is watched too, for its `error` events; its reports are
   * ignored.
   */
  #begin(client: Client, signal: AbortSignal): Session<Client> {
    const failure = deferred<never>();
    failure.promise.catch(ignore);
    const session: Session<Client> = { client, failure, teardown: undefined };
    if (!signal.aborted) this.#change(session);
    try {
      session.teardown = this.#adapter.watch?.(client, this.#reportsOf(session));
    } catch (cause) {
      this.#discard(session);
      throw cause;
    }
    return session;
  }

  #reportsOf(session: Session<Client>): ClientReports {
    const current =
      <A extends unknown[]>(report: (...values: A) => void) =>
      (...values: A): void => {
        if (this.#session === session) report(...values);
      };
    const lost = current((cause?: unknown): void => {
      const isObject = typeof cause === 'object' && cause !== null;
      const error = isObject ? cause : this.#error('The client has reported that it is lost', cause);
      session.failure.reject(error);
      this.lost(session, error);
    });
    return {
      lost,
      draining: current(() => {
        if (this.transport) this.draining(session);
        else lost(this.#error('The client was draining before it was connected'));
      }),
      capacity: current((requests: number) => this.#capacity.next(requests)),
      pending: current((requests: number) => {
        const record = this[RECORD];
        if (!record.report(requests)) record.stay?.misreported('pending$', requests);
      }),
    };
  }

  /** Sets the session whose client may report. It starts without a limit, and with 0 pending. */
  #change(session: Session<Client> | undefined): void {
    this.#session = session;
    if (this.#capacity.value !== Number.POSITIVE_INFINITY) this.#capacity.next(Number.POSITIVE_INFINITY);
    this[RECORD].report(0);
  }

  #check(alive: (client: Client) => boolean | undefined): void {
    const session = this.transport;
    // A draining client finishes its work, though it may report that it cannot be used.
    if (!session || this.state !== 'connected') return;
    let cause: unknown;
    try {
      if (alive(session.client)) return;
    } catch (error) {
      cause = error;
    }
    this.lost(session, this.#error('The client is not alive', cause));
  }

  /** Closes a client whose dial failed or ended too late. */
  #discard(session: Session<Client>): void {
    this.shut(session).catch(ignore);
  }

  #error(message: string, cause?: unknown): ClientLostError {
    return new ClientLostError(message, { cause, connection: this.name });
  }
}

const CHECKS = {
  name: checkText,
  endpoint: (argument: string, value: unknown) => typeof value === 'function' || checkText(argument, value),
  create: checkFunction,
  connect: checkFunction,
  open: checkFunction,
  watch: checkFunction,
  close: checkFunction,
  alive: checkFunction,
  ping: checkFunction,
  classify: checkFunction,
};

/** A copy, so that the caller may change its own object later. */
function checkAdapter<Client>(adapter: Adapter<Client>): Adapter<Client> {
  checkEach('adapter', adapter, CHECKS);
  const needed = adapter.open ? (['close'] as const) : (['create', 'connect', 'close'] as const);
  for (const member of needed) checkFunction(`adapter.${member}`, adapter[member]);
  for (const member of ['create', 'connect'] as const) {
    if (adapter.open && adapter[member]) {
      throw wrongType(`adapter.${member}`, 'left out beside open', adapter[member]);
    }
  }
  return { ...adapter };
}

const ignore = (): void => {};
