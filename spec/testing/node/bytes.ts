import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { until } from '../../support/until.js';

/** A socket that sends bytes as they are, and remembers what came. */
export class Wire {
  /** All that came, one character per byte. */
  seen = '';
  /** How it came. */
  readonly chunks: string[] = [];
  ended = false;
  closed = false;
  error: unknown;

  constructor(readonly socket: Socket) {
    socket
      .setEncoding('latin1')
      .on('data', (data) => {
        this.seen += data;
        this.chunks.push(String(data));
      })
      .on('end', () => {
        this.ended = true;
      })
      .on('error', (error) => {
        this.error = error;
      })
      .on('close', () => {
        this.closed = true;
      });
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Sends, and resolves with everything that came once `text` has. */
  async ask(bytes: string, text: string): Promise<string> {
    this.seen = '';
    this.send(bytes);
    await until(() => this.seen.includes(text));
    return this.seen;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return until(() => this.closed);
  }
}

/** Half-open like the other side: what ends is for the test to say. */
export async function wire(port: number): Promise<Wire> {
  const made = new Wire(connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }));
  await new Promise((resolve) => made.socket.once('connect', resolve));
  return made;
}

/** An argument that looks like an encoded value is sent as it is, every other as a string. */
export const request = (...args: string[]): string =>
  `*${args.length}\r\n${args.map((arg) => (/^[-:,#_*%~/]/.test(arg) ? arg : `$${arg.length}\r\n${arg}\r\n`)).join('')}`;

export const frame = (...args: string[]): string => `${request(...args)}\x03`;
