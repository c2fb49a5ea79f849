import type { Caller, ZcachedCallOptions } from './caller.js';
import type { ZcachedCall } from './connection.js';
import { expectOk, integer, text } from './replies.js';
import type { ZcachedArgument, ZcachedValue } from './value.js';

/** The commands about the server and all it holds, and any other. */
export abstract class ServerCommands {
  /** For the commands. */
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
   * Whether a server answers a PING. Rejects for wrong options only.
   *
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
   * Resolves with the text it was given, from the server.
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
   * Has the server write everything to its disk. A server that holds nothing refuses: kind `NO_SAVE`.
   *
   * @example
   * ```ts
   * if ((await client.dbsize()) > 0) await client.save();
   * ```
   */
  async save(options?: ZcachedCallOptions): Promise<void> {
    expectOk('SAVE', await this.caller.send('SAVE', [], options));
  }

  /**
   * When the server last saved, or was started: seconds since 1970, which is all the server knows.
   *
   * @example
   * ```ts
   * console.log(new Date((await client.lastsave()) * 1000).toISOString());
   * ```
   */
  async lastsave(options?: ZcachedCallOptions): Promise<number> {
    return integer('LASTSAVE', await this.caller.send('LASTSAVE', [], options));
  }

  /**
   * Sends any command and resolves with the reply as it is: no encoding, no `undefined` for a miss. The second form
   * takes everything that can be said about a request; its `timeout` includes waiting for a connection.
   *
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
