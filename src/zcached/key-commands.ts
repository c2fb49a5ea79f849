import { AS_TEXT, CALL_OPTIONS, type ZcachedCallOptions } from './caller.js';
import { ZcachedArgumentError } from './errors.js';
import { expectOk, integer, isNotFound, texts } from './replies.js';
import { ServerCommands } from './server-commands.js';

/** How a value is copied. */
export interface ZcachedCopyOptions extends ZcachedCallOptions {
  /** Whether to overwrite what is at the destination. @default false */
  readonly replace?: boolean | undefined;
}

const COPY_OPTIONS = [...CALL_OPTIONS, 'replace'];

/** The commands about keys, whatever is under them. */
export abstract class KeyCommands extends ServerCommands {
  /**
   * Removes a key, by DELETE; resolves with whether it was there. To a server of 2024 MGET is sent first, and DELETE
   * where that finds a value, because a DELETE of a missing key holds the connection for 44 ms. A null that was stored
   * natively counts as missing there, and stays: `command('DELETE', key)` removes it.
   *
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
   * Whether there is a value under a key. The protocol has no command for it: a server of 2024 sends the value, by MGET,
   * those after it its size, by SIZEOF. A null that was stored natively counts as missing on a server of 2024.
   *
   * @example
   * ```ts
   * if (!(await client.exists('greeting'))) await client.set('greeting', 'hello');
   * ```
   */
  async exists(key: string, options?: ZcachedCallOptions): Promise<boolean> {
    return this.caller.exists(key, options);
  }

  /**
   * Every key there is: on a large store, a large reply that holds up those behind it. The server has no cursor, so
   * there is nothing to iterate over piece by piece; see `entries()` for the values.
   *
   * @example
   * ```ts
   * const users = (await client.keys()).filter((key) => key.startsWith('user:'));
   * ```
   */
  async keys(options?: ZcachedCallOptions): Promise<string[]> {
    return texts('KEYS', await this.caller.send('KEYS', [], options));
  }

  /**
   * The size of what is under a key as the server counts it, undefined if there is nothing. It counts bytes of a
   * string, items of an array or a set, entries of a map, and bytes in memory of all else.
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
   * Moves a value to another key, whatever was there. Where there is none to move it rejects, unlike `delete`, after
   * which all is as it was meant to be: kind `NOT_FOUND`.
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
   * Copies a value to another key. Rejects where there is none, with kind `NOT_FOUND`, and where the other key is
   * taken, with kind `BUSY_KEY`, unless it may be replaced. Onto itself is refused, with a `ZcachedArgumentError`: a
   * server of 2025 destroys what is replaced by itself.
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
