import { checkChoice, checkOptions } from '../checks.js';
import { BaseConnection } from '../connection/base-connection.js';
import { assertNoTransition } from '../streams/turns.js';

/** How a scripted connection answers a dial: at once, or with `wait` when the script says so. */
export type DialScript = 'accept' | 'refuse' | 'wait';

/** Options of a {@link ScriptedConnection}. */
export interface ScriptedConnectionOptions {
  /** The answer to every dial, until {@link ScriptedConnection.onDial} is set. @default 'accept' */
  readonly onDial?: DialScript | undefined;
  /** The name in logs, events and errors. */
  readonly name?: string | undefined;
  /** The endpoint that it claims to lead to. */
  readonly endpoint?: string | undefined;
}

/** One dial of a {@link ScriptedConnection} that waits for the script. */
interface WaitingDial {
  accept(): void;
  refuse(cause: unknown): void;
}

/**
 * A connection without a network, for tests. The test decides how dials end, when the connection is lost, and what is
 * in flight.
 * @example
 * ```ts
 * const pool = new ConnectionPool(2, () => new ScriptedConnection());
 * await pool.setup();
 * pool.connections[0]?.lose(new Error('cable pulled'));
 * pool.brokenConnections.length; // 1
 * ```
 */
export class ScriptedConnection extends BaseConnection<object> {
  /** The name in logs, events and errors. */
  readonly name: string;
  /** The endpoint that it claims to lead to. */
  declare readonly endpoint?: string;
  /** The answer to the next dials. */
  onDial: DialScript;
  /** How often it was dialled. */
  dials = 0;
  /** How many transports were opened. */
  opened = 0;
  /** How many transports were shut. */
  shuts = 0;
  readonly #waiting: WaitingDial[] = [];

  constructor(options: ScriptedConnectionOptions = {}) {
    checkOptions('options', options, ['onDial', 'name', 'endpoint']);
    if (options.onDial !== undefined) checkChoice('options.onDial', options.onDial, ['accept', 'refuse', 'wait']);
    const { onDial = 'accept', name = '', endpoint } = options;
    assertNoTransition('A connection factory');
    super();
    this.onDial = onDial;
    this.name = name;
    if (endpoint !== undefined) this.endpoint = endpoint;
  }

  /** Lets waiting dials succeed. */
  accept(): void {
    for (const dial of this.#waiting.splice(0)) dial.accept();
  }

  /** Lets waiting dials fail. */
  refuse(cause: unknown = new Error('refused by the script')): void {
    for (const dial of this.#waiting.splice(0)) dial.refuse(cause);
  }

  /** Breaks the connection, as if the peer had gone. Everything in flight fails. */
  lose(cause: unknown = new Error('lost by the script')): void {
    if (this.transport) this.lost(this.transport, cause);
  }

  /** Puts one more request in flight. */
  send(): void {
    this.begin();
  }

  /** Settles one request. */
  reply(): void {
    this.end();
  }

  protected override async open(signal: AbortSignal): Promise<object> {
    assertNoTransition('connect()');
    this.dials++;
    if (this.onDial === 'refuse') throw new Error('refused by the script');
    if (this.onDial === 'wait') await this.#verdict(signal);
    this.opened++;
    return {};
  }

  protected override shut(): void {
    assertNoTransition('close()');
    this.shuts++;
    while (this.pending > 0) this.end();
  }

  #verdict(signal: AbortSignal): Promise<void> {
    return new Promise((accept, refuse) => {
      this.#waiting.push({ accept, refuse });
      signal.addEventListener('abort', () => refuse(signal.reason), { once: true });
    });
  }
}
