import { checkDuration, checkObject, checkOptions, checkSignal } from '../checks.js';
import { type Clock, systemClock } from '../request/clock.js';
import { RequestAbortedError, RequestTimeoutError } from '../request/errors.js';
import type { ZcachedCall, ZcachedConnection } from './connection.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** What the client needs of a connection. */
export interface ZcachedSender extends Pick<ZcachedConnection, 'request'> {
  /** Where it is known, commands that only newer servers have are used if they save something. */
  readonly generation?: ZcachedConnection['generation'];
}

/** What the client needs of a pool: a connection that it may use until some work has ended. */
export interface ZcachedPool {
  use<T>(
    work: (connection: ZcachedSender) => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined; readonly waitTimeout?: number | undefined },
  ): Promise<T>;
}

/** How a command is run. */
export interface ZcachedCallOptions {
  /**
   * Aborting it rejects with a `RequestAbortedError`, also while the caller waits for a connection. What was not yet
   * written is then never sent.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for all of it, from the call to the reply. Stands in for both the pool's `waitTimeout` and the
   * connection's `requestTimeout`. @default those two, one after the other
   */
  readonly timeout?: number | undefined;
}

/** What a command determines itself, besides its name and arguments. */
export interface CommandHints {
  /** The form of strings in the reply, where the command requires one. */
  readonly strings?: 'text' | undefined;
  /** A cheaper command with the same effect, for servers of the 2025 generation. */
  readonly newer?: string | undefined;
}

export const CALL_OPTIONS = ['signal', 'timeout'];
export const AS_TEXT: CommandHints = { strings: 'text' };

/** Sends requests over a pool, each within the deadline and the signal of its call. */
export class Caller {
  constructor(
    readonly pool: ZcachedPool,
    private readonly clock: Clock = systemClock,
  ) {}

  send(
    command: string,
    args: readonly ZcachedArgument[],
    options: ZcachedCallOptions | undefined,
    { strings, newer }: CommandHints = AS_TEXT,
    names: readonly string[] = CALL_OPTIONS,
  ): Promise<ZcachedValue> {
    if (options === undefined) return this.request({ command, args, strings }, newer);
    checkOptions('options', options, names);
    const { signal, timeout } = options;
    return this.request({ command, args, strings, signal, timeout }, newer);
  }

  request(call: ZcachedCall, newer?: string): Promise<ZcachedValue> {
    checkObject('call', call);
    const isPlain = newer === undefined && call.signal === undefined && call.timeout === undefined;
    return isPlain ? this.pool.use((connection) => connection.request(call)) : this.#withDeadline(call, newer);
  }

  async #withDeadline(call: ZcachedCall, newer: string | undefined): Promise<ZcachedValue> {
    const { command, signal, timeout } = call;
    checkSignal(signal);
    if (timeout !== undefined) checkDuration('options.timeout', timeout);
    const since = this.clock.now();
    let begun: Promise<ZcachedValue> | undefined;
    const work = (connection: ZcachedSender): Promise<ZcachedValue> => {
      const left = timeout === undefined ? undefined : Math.ceil(timeout - (this.clock.now() - since));
      if (timeout !== undefined && Number(left) <= 0) throw new RequestTimeoutError(command, 'never', timeout);
      const isNewer = newer !== undefined && connection.generation === '2025';
      begun = connection.request({ ...call, command: isNewer ? newer : command, timeout: left });
      return begun;
    };
    try {
      return await this.pool.use(work, { signal, waitTimeout: timeout });
    } catch (error) {
      // The error of the request says whether it was sent; that of the pool does not.
      if (begun) return begun;
      if (signal?.aborted && error === signal.reason) throw new RequestAbortedError(command, 'never', error);
      throw error;
    }
  }
}
