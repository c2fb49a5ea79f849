import { BehaviorSubject, type Observable } from 'rxjs';
import { checkEach, checkFunction, checkText } from '../checks.js';
import { type Deferred, deferred } from '../deferred.js';
import { ClientLostError, wrongType } from '../errors.js';
import { BaseConnection } from './base-connection.js';
import { type Connection, type ConnectionState, type ErrorClass, RECORD } from './connection.js';
import { loadStreamOf } from './record.js';

/** What a dial is for. */
export interface DialContext {
  /**
   * Aborts when the dial is no longer wanted: it has taken too long, or the connection was closed. Heeding it ends the
   * dial sooner; the client is closed in any case.
   */
  readonly signal: AbortSignal;
  /** The server to dial: what the option `endpoint` says, or else the endpoint that the pool has asked for. */
  readonly endpoint: string | undefined;
}

/**
 * What a client says of itself. Once the client has been given up, lost or closed, each of these does nothing, so that
 * listeners that stay on an earlier client are harmless.
 */
export interface ClientReports {
  /**
   * The client is lost: its connection is broken, and a dial under way fails with this cause. The first call counts. A
   * cause that is no object is wrapped in a {@link ClientLostError}, so that this can listen to any event.
   */
  readonly lost: (cause?: unknown) => void;
  /** The client takes nothing new, and finishes what it carries. */
  readonly draining: () => void;
  /** How many requests the client can carry at once: an integer of at least 0, or Infinity. */
  readonly capacity: (requests: number) => void;
  /** Requests in flight on the client; report it where the client is used outside the pool too. */
  readonly pending: (requests: number) => void;
}

/** What both ways to make a client have in common. */
export interface AdapterBase<Client> {
  /** What logs, events, errors and metrics call the connections. @default none */
  readonly name?: string | undefined;
  /**
   * The server: `host:port`, a URL or a label of yours, or what makes it of the endpoint that the pool has asked for. A
   * password in a URL is given to `create` and `open`, and shown nowhere. @default the endpoint that the pool asks for
   */
  readonly endpoint?: string | ((requested: string | undefined) => string | undefined) | undefined;
  /**
   * Listens to a new client, before it is connected. A function that it returns, other than the client, is called when
   * the client is given up, just before `close`: for timers and for what outlives the client. Leave listeners for
   * `error` events where they are. @default none
   */
  readonly watch?: ((client: Client, reports: ClientReports) => unknown) | undefined;
  /**
   * Closes a client. Called for each client that was made, lost ones and those of failed dials included, and once more
   * where a dial succeeds after that. Its promise should settle without an answer of the server.
   */
  readonly close: (client: Client) => unknown;
  /**
   * Whether a connected client can be used. Asked each time that a connection is picked, and when work on it has ended:
   * it should only read a field. A client is lost where this returns false or undefined, or throws. @default none
   */
  readonly alive?: ((client: Client) => boolean | undefined) | undefined;
  /** Sends a request that only a live server answers. @default none */
  readonly ping?: ((client: Client, context: { readonly signal: AbortSignal }) => PromiseLike<unknown>) | undefined;
  /** What an error of work says of the connection; undefined leaves it to the default of the pool. @default none */
  readonly classify?: ((error: unknown, client: Client) => ErrorClass | undefined) | undefined;
}

/** A client that is made at once and then connected. The better way: what hangs in a dial can be closed. */
export interface CreatingAdapter<Client> extends AdapterBase<Client> {
  /** Makes a new client, which neither reconnects nor keeps requests for later. Called for each dial. */
  readonly create: (context: DialContext) => Client;
  /** Connects a client; its promise settles once requests can be sent, and rejects with the cause. */
  readonly connect: (client: Client, context: DialContext) => unknown;
  readonly open?: undefined;
}

/** A client that its library gives only when it is connected. */
export interface OpeningAdapter<Client> extends AdapterBase<Client> {
  /**
   * Makes and connects a new client. Called for each dial. A client that comes after the dial was given up is closed;
   * one that never comes cannot be: pass the signal on, or a timeout, where the library takes one.
   */
  readonly open: (context: DialContext) => Client | PromiseLike<Client>;
  readonly create?: undefined;
  readonly connect?: undefined;
}

/** How a client is made, watched and closed: by `create` and `connect`, or by `open`. */
export type Adapter<Client> = CreatingAdapter<Client> | OpeningAdapter<Client>;

/** A connection of any client, made by the function that {@link adapt} returns. */
export interface AdaptedConnection<Client> extends Connection {
  /**
   * The connected client. Each dial makes a new one: read it once for work that belongs together.
   *
   * @throws {@link ClientLostError} while the connection is not connected
   */
  readonly client: Client;
  /** The current state. */
  readonly state: ConnectionState;
  /** The requests in flight on the client where it reports them, or the leases open on the connection if more. */
  readonly pending: number;
}

/** Makes a new connection at each call; a connection factory for a pool. */
export type AdaptedFactory<Client> = (request?: {
  /** The endpoint that the connection is wanted for. */
  readonly endpoint?: string;
}) => AdaptedConnection<Client>;

/** One client. */
interface Session<Client> {
  readonly client: Client;
  /** Rejects when the client is lost, or the dial is aborted. */
  readonly failure: Deferred<never>;
  teardown: unknown;
}

/**
 * Makes a connection factory of any client. Say how to make a client, connect, watch and close it; states, counts,
 * deadlines and cleaning up follow from that. Each dial makes a new client, and each client that was made is closed: when
 * it is lost, when its dial fails, is aborted or comes too late.
 *
 * The client must not reconnect by itself or keep requests for a later connection: the pool does that, and would take a
 * client that waits for its server for a healthy one.
 *
 * @param adapter - `create` or `open` first, so that the other functions know the type of the client.
 * @throws `TypeError` for a member that is missing, of another type, or unknown
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

/** The client is what a dial has made, in a session of its own: a library may give the same client twice. */
class ClientConnection<Client> extends BaseConnection<Session<Client>> implements AdaptedConnection<Client> {
  declare readonly name?: string;
  declare readonly endpoint?: string;
  declare readonly capacity$?: Observable<number>;
  declare readonly ping?: (context: { readonly signal: AbortSignal }) => Promise<unknown>;
  declare readonly classify?: (error: unknown) => ErrorClass | undefined;
  readonly #adapter: Adapter<Client>;
  readonly #endpoint: string | undefined;
  readonly #capacity = new BehaviorSubject(Number.POSITIVE_INFINITY);
  /** The client that may report: the latest, until it is given up. */
  #session: Session<Client> | undefined = undefined;

  constructor(adapter: Adapter<Client>, requested: string | undefined) {
    super();
    this.#adapter = adapter;
    const { name, endpoint = requested, watch, alive, ping, classify } = adapter;
    this.#endpoint = typeof endpoint === 'function' ? endpoint(requested) : endpoint;
    if (name !== undefined) this.name = name;
    if (this.#endpoint !== undefined) {
      checkText('endpoint()', this.#endpoint);
      // An endpoint that the pool asked for is kept unchanged: the pool compares it.
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

  /** The larger of what the client reports and the open leases. */
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
    // Closing a client that is being connected does not stop every client.
    connected.then(() => this.#session === session || this.#discard(session), ignore);
    try {
      await Promise.race([connected, session.failure.promise]);
    } catch (cause) {
      if (this.#session === session) this.#discard(session);
      throw cause;
    }
    return session;
  }

  /** Waits for the client of a dial under way too: until it is closed, its server counts it. */
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

  /** Watches a new client. One whose dial has been aborted is watched too, for its `error` events, and reports nothing. */
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

  /** Sets the client that may report. It starts without a limit, and with 0 pending. */
  #change(session: Session<Client> | undefined): void {
    this.#session = session;
    if (this.#capacity.value !== Number.POSITIVE_INFINITY) this.#capacity.next(Number.POSITIVE_INFINITY);
    this[RECORD].report(0);
  }

  #check(alive: (client: Client) => boolean | undefined): void {
    const session = this.transport;
    // One that is draining finishes what it carries, though it may be closed to anything new.
    if (!session || this.state !== 'connected') return;
    let cause: unknown;
    try {
      if (alive(session.client)) return;
    } catch (error) {
      cause = error;
    }
    this.lost(session, this.#error('The client is not alive', cause));
  }

  /** Closes a client whose dial has failed, or came too late. */
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

/** A copy, so that the caller may go on changing its own. */
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
