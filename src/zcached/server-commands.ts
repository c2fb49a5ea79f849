import type { Caller, ZcachedCallOptions } from './caller.js';
import type { ZcachedCall } from './connection.js';
import { expectOk, integer, text } from './replies.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** The commands about the server and its whole store, and any other command. */
export abstract class ServerCommands {
  /** Sends the commands. */
  protected readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  /**
   * Resolves with the server's `PONG`.
   *
   * @example
   * ```ts
   * await client.ping({ timeout: 100 }); // 'PONG'
   * ```
   */
  async ping(options?: ZcachedCallOptions): Promise<string> {
    return text('PING', await this.caller.send('PING', [], options));
  }

  /**
   * Whether a server answers a PING. Rejects only for wrong options.
   * @example
   * ```ts
   * if (!(await client.isAlive({ timeout: 100 }))) console.warn('no cache');
   * ```
   */
  async isAlive(options?: ZcachedCallOptions): Promise<boolean> {
    try {
      return (await this.ping(options)) === 'PONG';
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      return false;
    }
  }

  /**
   * Sends a text to the server, and resolves with the same text.
   *
   * @throws `ZcachedUnsupportedError` before 2025, as a rejection.
   * @example
   * ```ts
   * await client.echo('are you there?'); // 'are you there?'
   * ```
   */
  async echo(message: string, options?: ZcachedCallOptions): Promise<string> {
    return text('ECHO', await this.caller.send('ECHO', [message], options));
  }

  /**
   * How many keys there are.
   *
   * @example
   * ```ts
   * console.log(`${await client.dbsize()} keys`);
   * ```
   */
  async dbsize(options?: ZcachedCallOptions): Promise<number> {
    return integer('DBSIZE', await this.caller.send('DBSIZE', [], options));
  }

  /**
   * Removes every key.
   *
   * @example
   * ```ts
   * await client.flush(); // and dbsize() is 0
   * ```
   */
  async flush(options?: ZcachedCallOptions): Promise<void> {
    expectOk('FLUSH', await this.caller.send('FLUSH', [], options));
  }

  /**
   * Makes the server save everything to its disk. An empty server refuses: kind `NO_SAVE`.
   * @example
   * ```ts
   * if ((await client.dbsize()) > 0) await client.save();
   * ```
   */
  async save(options?: ZcachedCallOptions): Promise<void> {
    expectOk('SAVE', await this.caller.send('SAVE', [], options));
  }

  /**
   * When the server last saved or was started, in seconds since 1970. It tells no more precisely.
   * @example
   * ```ts
   * console.log(new Date((await client.lastsave()) * 1000).toISOString());
   * ```
   */
  async lastsave(options?: ZcachedCallOptions): Promise<number> {
    return integer('LASTSAVE', await this.caller.send('LASTSAVE', [], options));
  }

  /**
   * Sends any command and resolves with the raw reply: no encoding, and no `undefined` for a miss. The second form
   * takes all options of a request; its `timeout` includes the wait for a connection.
   * @example
   * ```ts
   * await client.command('MGET', 'a', 'b'); // Map { 'a' => 1, 'b' => null }
   * await client.command({ command: 'GET', args: ['thumbnail'], strings: 'bytes', timeout: 500 });
   * ```
   */
  command(name: string, ...args: ZcachedArgument[]): Promise<ZcachedValue>;
  command(call: ZcachedCall): Promise<ZcachedValue>;
  async command(first: string | ZcachedCall, ...args: ZcachedArgument[]): Promise<ZcachedValue> {
    return this.caller.request(typeof first === 'string' ? { command: first, args } : first);
  }
}
