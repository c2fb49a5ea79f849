import { AS_TEXT, CALL_OPTIONS, type ZcachedCallOptions } from './caller.js';
import { ZcachedArgumentError } from './errors.js';
import { expectOk, integer, isNotFound, texts } from './replies.js';
import { ServerCommands } from './server-commands.js';

/** How a value is copied. */
export interface ZcachedCopyOptions extends ZcachedCallOptions {
  /** Whether to overwrite the value at the destination. @default false */
  readonly replace?: boolean | undefined;
}

const COPY_OPTIONS = [...CALL_OPTIONS, 'replace'];

/** The commands about keys, whatever their values are. */
export abstract class KeyCommands extends ServerCommands {
  /**
   * Removes a key with DELETE; resolves with whether it existed. A 2024 server is sent MGET first, because DELETE of a
   * missing key holds up the connection for 44 ms. There a null that was stored natively counts as missing and is not
   * removed; use `command('DELETE', key)`.
   * @example
   * ```ts
   * await client.delete('draft'); // true, and false the next time
   * ```
   */
  async delete(key: string, options?: ZcachedCallOptions): Promise<boolean> {
    const reply = await this.caller.remove(key, options);
    if (reply !== undefined) expectOk('DELETE', reply);
    return reply !== undefined;
  }

  /**
   * Whether a key has a value. The protocol has no command for this: a 2024 server sends the value, by MGET, and later
   * ones send its size, by SIZEOF. On a 2024 server, a null that was stored natively counts as missing.
   * @example
   * ```ts
   * if (!(await client.exists('greeting'))) await client.set('greeting', 'hello');
   * ```
   */
  async exists(key: string, options?: ZcachedCallOptions): Promise<boolean> {
    return this.caller.exists(key, options);
  }

  /**
   * All keys. On a large store the reply is large, and holds up later replies. The server has no cursor, so there is no
   * way to iterate; use `entries()` for the values.
   * @example
   * ```ts
   * const users = (await client.keys()).filter((key) => key.startsWith('user:'));
   * ```
   */
  async keys(options?: ZcachedCallOptions): Promise<string[]> {
    return texts('KEYS', await this.caller.send('KEYS', [], options));
  }

  /**
   * The size of a value as the server counts it: bytes of a string, items of an array or a set, entries of a map, and
   * bytes in memory of all other types. Undefined for a missing key.
   *
   * @throws `ZcachedUnsupportedError` before 2025, as a rejection.
   * @example
   * ```ts
   * await client.sizeof('thumbnail'); // 4096
   * ```
   */
  async sizeof(key: string, options?: ZcachedCallOptions): Promise<number | undefined> {
    try {
      return integer('SIZEOF', await this.caller.send('SIZEOF', [key], options));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Moves a value to another key, and overwrites a value there. Rejects for a missing key, with kind `NOT_FOUND`.
   *
   * @throws `ZcachedUnsupportedError` before 2025, as a rejection.
   * @example
   * ```ts
   * await client.rename('draft', 'published');
   * ```
   */
  async rename(key: string, newKey: string, options?: ZcachedCallOptions): Promise<void> {
    expectOk('RENAME', await this.caller.send('RENAME', [key, newKey], options));
  }

  /**
   * Copies a value to another key. Rejects with kind `NOT_FOUND` for a missing key, and with kind `BUSY_KEY` if the
   * other key exists and `replace` is false. A copy onto itself is refused with a `ZcachedArgumentError`, because a
   * 2025 server would destroy the value.
   *
   * @throws `ZcachedUnsupportedError` before 2025, as a rejection.
   * @example
   * ```ts
   * await client.copy('draft', 'backup', { replace: true });
   * ```
   */
  async copy(source: string, destination: string, options?: ZcachedCopyOptions): Promise<void> {
    const replace = options?.replace === true;
    if (replace && source === destination) throw new ZcachedArgumentError('COPY', 2, 'SAME_KEY');
    const args = replace ? [source, destination, 'REPLACE'] : [source, destination];
    expectOk('COPY', await this.caller.send('COPY', args, options, AS_TEXT, COPY_OPTIONS));
  }
}
