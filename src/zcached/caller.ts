import { checkDuration, checkObject, checkOptions, checkSignal } from '../checks.js';
import { type Clock, systemClock } from '../clock.js';
import { RequestAbortedError, RequestTimeoutError } from '../request/errors.js';
import type { ZcachedCall, ZcachedConnection } from './connection.js';
import type { Generation } from './generation.js';
import { isNotFound, lookup } from './replies.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** The part of a connection that the client needs. */
export interface ZcachedSender extends Pick<ZcachedConnection, 'request'> {
  /** If known, the client uses commands of newer servers where they save something. */
  readonly generation?: ZcachedConnection['generation'];
}

/** The part of a pool that the client needs: it lends a connection until some work has ended. */
export interface ZcachedPool {
  /** Runs work on a connection, as `ConnectionPool.use` does. */
  use<T>(
    work: (connection: ZcachedSender) => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined; readonly waitTimeout?: number | undefined },
  ): Promise<T>;
}

/** How a command is run. */
export interface ZcachedCallOptions {
  /**
   * An abort rejects with a `RequestAbortedError`, also while the caller waits for a connection. A request not yet
   * written is then never sent.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds from the call to the reply. Replaces both the pool's `waitTimeout` and the connection's
   * `requestTimeout`. @default those two, one after the other
   */
  readonly timeout?: number | undefined;
}

/** What a command adds besides its name and arguments. */
export interface CommandHints {
  /** The form of strings in the reply, if the command requires one. */
  readonly strings?: 'text' | undefined;
}

export const CALL_OPTIONS = ['signal', 'timeout'];
export const AS_TEXT: CommandHints = { strings: 'text' };

/** Sends the request of a call; undefined for a key that does not exist. */
type Ask = (connection: ZcachedSender, call: ZcachedCall) => Promise<ZcachedValue | undefined>;

/** Cheaper requests for the same result, for servers of a known generation. */
type Asks = { readonly [G in Generation]?: Ask };

/** Sends requests over a pool, each within the deadline and the signal of its call. */
export class Caller {
  constructor(
    readonly pool: ZcachedPool,
    private readonly clock: Clock = systemClock,
  ) {}

  async send(
    command: string,
    args: readonly ZcachedArgument[],
    options: ZcachedCallOptions | undefined,
    hints: CommandHints = AS_TEXT,
    names?: readonly string[],
  ): Promise<ZcachedValue> {
    return this.request(callOf(command, args, options, hints, names));
  }

  /**
   * Gets the value of a key; undefined for a miss. A 2024 server is sent MGET: its reply to GET of a missing key is an
   * error, which holds up the connection for 44 ms.
   */
  async find(
    key: string,
    options: ZcachedCallOptions | undefined,
    hints: CommandHints,
    names?: readonly string[],
  ): Promise<ZcachedValue | undefined> {
    return unlessMissing(this.#run(callOf('GET', [key], options, hints, names), { '2024': mgetOne }));
  }

  /** Whether a key has a value. A 2025 server is asked for its size. */
  async exists(key: string, options: ZcachedCallOptions | undefined): Promise<boolean> {
    const asks = { '2024': mgetOne, '2025': askSize };
    return (await unlessMissing(this.#run(callOf('GET', [key], options), asks))) !== undefined;
  }

  /** Removes a key; undefined for a miss. A 2024 server is first asked with MGET whether the key exists. */
  async remove(key: string, options: ZcachedCallOptions | undefined): Promise<ZcachedValue | undefined> {
    const askBefore: Ask = async (connection, call) => {
      const { command, timeout } = call;
      const since = this.clock.now();
      if ((await mgetOne(connection, call)) === undefined) return undefined;
      const left = this.#timeLeft(command, timeout, since);
      return connection.request({ ...call, timeout: left });
    };
    return unlessMissing(this.#run(callOf('DELETE', [key], options), { '2024': askBefore }));
  }

  request(call: ZcachedCall): Promise<ZcachedValue> {
    return this.#run(call, {}) as Promise<ZcachedValue>;
  }

  #run(call: ZcachedCall, asks: Asks): Promise<ZcachedValue | undefined> {
    checkObject('call', call);
    if (call.signal !== undefined || call.timeout !== undefined) return this.#withDeadline(call, asks);
    return this.pool.use((connection) => askBy(asks, connection)(connection, call));
  }

  async #withDeadline(call: ZcachedCall, asks: Asks): Promise<ZcachedValue | undefined> {
    const { command, signal, timeout } = call;
    if (signal !== undefined) checkSignal('options.signal', signal);
    if (timeout !== undefined) checkDuration('options.timeout', timeout);
    const since = this.clock.now();
    let begun: Promise<ZcachedValue | undefined> | undefined;
    const work = (connection: ZcachedSender): Promise<ZcachedValue | undefined> => {
      const left = this.#timeLeft(command, timeout, since);
      begun = askBy(asks, connection)(connection, { ...call, timeout: left });
      return begun;
    };
    try {
      return await this.pool.use(work, { signal, waitTimeout: timeout });
    } catch (error) {
      // The error of the request says whether it was sent; the error of the pool does not.
      if (begun) return begun;
      if (signal?.aborted && error === signal.reason) throw new RequestAbortedError(command, 'never', error);
      throw error;
    }
  }

  /** The rest of a timeout, in milliseconds. Throws when it has passed. */
  #timeLeft(command: string, timeout: number | undefined, since: number): number | undefined {
    if (timeout === undefined) return undefined;
    const left = Math.ceil(timeout - (this.clock.now() - since));
    if (left > 0) return left;
    throw new RequestTimeoutError(command, 'never', timeout);
  }
}

/** Throws for unknown options. */
function callOf(
  command: string,
  args: readonly ZcachedArgument[],
  options: ZcachedCallOptions | undefined,
  { strings }: CommandHints = AS_TEXT,
  names: readonly string[] = CALL_OPTIONS,
): ZcachedCall {
  if (options === undefined) return { command, args, strings };
  checkOptions('options', options, names);
  const { signal, timeout } = options;
  return { command, args, strings, signal, timeout };
}

const ask: Ask = (connection, call) => connection.request(call);
const askSize: Ask = (connection, call) => connection.request({ ...call, command: 'SIZEOF' });

/** MGET of the key of a call. The reply is null for a miss, and for a null that is stored natively. */
const mgetOne: Ask = async (connection, call) => {
  const [key] = call.args as [string];
  const find = lookup('MGET', await connection.request({ ...call, command: 'MGET' }));
  return find(key) ?? undefined;
};

const askBy = (asks: Asks, { generation }: ZcachedSender): Ask => (generation && asks[generation]) ?? ask;

/** Undefined if the key of a request does not exist: the server then replies with an error. */
const unlessMissing = (reply: Promise<ZcachedValue | undefined>): Promise<ZcachedValue | undefined> =>
  reply.catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
