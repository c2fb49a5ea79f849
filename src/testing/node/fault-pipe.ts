import type { Socket } from 'node:net';
import type { Clock } from '../../clock.js';
import { type Delay, DelayLine, next } from './delay-line.js';
import { reset } from './session.js';

/** How bytes travel in one direction. */
export interface FaultPipeOptions {
  /** Milliseconds that each piece takes, or a function that returns them; order is kept. @default 0 */
  readonly delay?: Delay | undefined;
  /**
   * Bytes of the next piece, or a function that returns them for the bytes available; `1` sends single bytes. Each
   * piece arrives in its own turn of the event loop. @default pieces stay as they came
   */
  readonly cut?: number | ((available: number) => number) | undefined;
}

/** With more bytes on the way, the sender has to wait. */
const MAX_ON_THE_WAY = 2 ** 20;

type Parcel = Buffer | 'end' | 'reset';

/** One direction of a proxy: passes the bytes of one socket to the other, unless told otherwise. */
export class FaultPipe {
  readonly #line: DelayLine<Parcel>;
  #onTheWay = 0;
  #swallowing = false;
  #ended = false;

  /** Use {@link FaultProxy.links}. */
  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly options: FaultPipeOptions,
    clock: Clock,
    /** Aborts when nothing can arrive any more. */
    private readonly over: AbortSignal,
  ) {
    this.#line = new DelayLine(clock, (parcel) => this.#deliver(parcel));
    over.addEventListener('abort', () => this.#line.clear(), { once: true });
    from
      .on('data', (chunk: Buffer) => this.#received(chunk))
      .on('end', () => this.#send('end'))
      .on('error', () => this.#send('reset'));
    to.on('drain', () => this.#pace());
  }

  /** Holds all bytes from now on, until {@link resume}. */
  hold(): void {
    this.#line.hold();
  }

  /** Passes the held bytes on, in order. */
  resume(): void {
    this.#line.resume();
  }

  /** From now on nothing arrives, not even the end: a silent peer. Cannot be undone. */
  swallow(): void {
    this.#swallowing = true;
    this.#line.clear();
    this.#onTheWay = 0;
    this.#pace();
  }

  /** Ends this direction after the bytes under way, and leaves the other open: half-closed. */
  end(): void {
    this.#send('end');
    this.#ended = true;
  }

  #received(chunk: Buffer): void {
    const { cut } = this.options;
    for (let at = 0; at < chunk.length; ) {
      const available = chunk.length - at;
      const bytes = typeof cut === 'function' ? cut(available) : (cut ?? available);
      const piece = chunk.subarray(at, at + (bytes >= 1 ? Math.floor(bytes) : 1));
      at += piece.length;
      this.#send(piece);
    }
  }

  #send(parcel: Parcel): void {
    if (this.over.aborted || (this.#ended && parcel !== 'reset')) return;
    if (this.#swallowing) {
      if (typeof parcel === 'string') this.#giveUp();
      return;
    }
    if (typeof parcel !== 'string') this.#onTheWay += parcel.length;
    this.#line.push(parcel, next(this.options.delay ?? 0));
    this.#pace();
  }

  #deliver(parcel: Parcel): void {
    if (parcel === 'reset') reset(this.to);
    else if (parcel === 'end') this.to.end();
    else {
      this.#onTheWay -= parcel.length;
      if (this.to.writable) this.to.write(parcel);
    }
    this.#pace();
  }

  /** Resets the other side when a silent peer closes, because no more bytes can come from it. */
  #giveUp(): void {
    reset(this.to);
    reset(this.from);
  }

  #pace(): void {
    if (this.#onTheWay + this.to.writableLength > MAX_ON_THE_WAY) this.from.pause();
    else if (this.from.isPaused()) this.from.resume();
  }
}
