import type { Socket } from 'node:net';
import type { ZcachedGeneration } from './dialect.js';

/** What a session asks of its server. */
export interface SessionHost {
  readonly generation: ZcachedGeneration;
  readonly maxRequestBytes: number;
  /** Hands a request over, which is answered when the server sees fit. */
  request(session: Session, request: string): void;
}

const ETX = '\x03';

/** One client's socket: finds the requests in what comes in, one character per byte. */
export class Session {
  /** What came in and is not yet a request. */
  #begun = '';

  constructor(
    readonly socket: Socket,
    private readonly host: SessionHost,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    const read = host.generation === '2025' ? this.#readFrames : this.#readSegment;
    socket.on('data', (data) => read.call(this, String(data)));
  }

  reply(reply: string): void {
    if (!this.socket.destroyed) this.socket.write(reply, 'latin1');
  }

  /** The 2025 server answers whatever stands before a 0x03. */
  #readFrames(data: string): void {
    this.#begun += data;
    if (this.#begun.length > this.host.maxRequestBytes) {
      this.socket.resetAndDestroy();
      return;
    }
    // The end of a frame can only be in what is new.
    if (!data.includes(ETX)) return;
    const frames = this.#begun.split(ETX);
    this.#begun = frames.pop() ?? '';
    for (const frame of frames) this.host.request(this, frame);
  }

  /** The 2024 server answers once for every segment with a line in it, and forgets the rest of the segment. */
  #readSegment(data: string): void {
    const segment = this.#begun + data;
    this.#begun = '';
    if (data.includes('\n')) this.host.request(this, segment);
    else this.#begun = segment;
  }
}
