import type { Socket } from 'node:net';
import { systemClock } from '../../clock.js';
import { DelayLine } from './delay-line.js';
import type { ZcachedGeneration } from './dialect.js';
import type { ZcachedFlaws } from './flaws.js';
import { type Framing, framingFor } from './framing.js';

/** What a session needs of its server. */
export interface SessionHost {
  readonly generation: ZcachedGeneration;
  readonly flaws: ZcachedFlaws;
  readonly maxRequestBytes: number;
  /** Passes on a request; the server decides when to answer. */
  request(session: Session, request: string): void;
  /** The client has closed its side, or the whole connection. */
  left(session: Session): void;
  crash(): void;
}

/** One client's socket: requests come in, and replies go out in order. */
export class Session {
  readonly #framing: Framing;
  /** `undefined` stands for the end. */
  readonly #replies = new DelayLine<string | undefined>(systemClock, (reply) => this.#write(reply));
  #silent = false;

  constructor(
    readonly socket: Socket,
    private readonly host: SessionHost,
    /** The worker of the server that serves the session. */
    readonly worker: number,
  ) {
    this.#framing = framingFor(host.generation, host.flaws);
    socket.setEncoding('latin1');
    socket
      .on('error', () => {})
      .on('data', (segment) => this.#read(String(segment)))
      .on('end', () => this.#ended())
      .on('close', () => this.#left());
  }

  /** Sends a reply in `latency` milliseconds, after all earlier replies. */
  reply(reply: string, latency: number): void {
    if (latency === 0 && this.#replies.idle) this.#write(reply);
    else this.#replies.push(reply, latency);
  }

  hold(): void {
    this.#replies.hold();
  }

  resume(): void {
    this.#replies.resume();
  }

  /** From now on requests are read and not answered. */
  silence(): void {
    this.#silent = true;
  }

  #write(reply: string | undefined): void {
    if (reply === undefined) this.socket.end();
    else if (!this.#silent && this.socket.writable) this.socket.write(reply, 'latin1');
  }

  #read(segment: string): void {
    const { flaws, maxRequestBytes } = this.host;
    const { begun } = this.#framing;
    const requests = this.#framing.take(segment);
    if (begun + segment.length > maxRequestBytes && this.host.generation === '2025') {
      reset(this.socket);
      return;
    }
    if (requests.length > flaws.crashesAbove) {
      this.host.crash();
      return;
    }
    for (const request of requests) this.host.request(this, request);
  }

  #ended(): void {
    if (this.host.flaws.neverCloses) this.#left();
    else this.#replies.push(undefined, 0);
  }

  #left(): void {
    this.#replies.clear();
    this.host.left(this);
  }
}

/**
 * Resets a plain socket. Other sockets, and one that is ending, are destroyed: Node would never close the handle of an
 * ending one, and the process would never end.
 */
export function reset(socket: Socket): void {
  if ('encrypted' in socket || socket.remotePort === undefined || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
