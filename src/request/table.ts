import { unwatchAbort, watchAbort } from '../abort.js';
import { LinkedList, type ListNode } from '../linked-list.js';
import type { Clock } from './clock.js';
import { Deadlines } from './deadlines.js';
import type { Sent } from './errors.js';
import { ConnectionLostError, RequestAbortedError, RequestQueueFullError, RequestTimeoutError } from './errors.js';
import type { Request, RequestEnding, RequestKeeper } from './request.js';

/** The transport, as the table needs it. */
export interface RequestHost<F, R> {
  /** Frames that may go out together, at least one. May {@link RequestTable.hold} those that come after. */
  write(frames: readonly F[]): void;
  /** One request fewer is waiting for a reply. Comes last: it may call back in. */
  settled(request: Request<F, R>, ending: RequestEnding): void;
  /** The reply to a tombstone should have come long ago: the peer is to be given up, and the table closed. */
  overdue(request: Request<F, R>): void;
}

export interface RequestTableOptions {
  readonly clock: Clock;
  /** The timeout most requests have, in milliseconds; a tombstone is given that long, or its own, if that is longer. */
  readonly usualTimeout: number;
  /** Requests that may wait for those before them. */
  readonly maxQueue: number;
  /**
   * Requests that may be on the wire at once. One is written within the call, by itself. More are written at the end
   * of the turn, in which those that came together go out together.
   */
  readonly maxInFlight: number;
}

/**
 * What one transport has outstanding. Every request settles exactly once, whichever of reply, deadline, abort
 * and loss comes first. One that settles after it was written leaves a tombstone, which keeps its turn until
 * its reply has come and been thrown away.
 */
export class RequestTable<F, R> implements RequestKeeper<F, R> {
  readonly #queue = new LinkedList<Request<F, R>>();
  readonly #wire = new LinkedList<Request<F, R>>();
  readonly #deadlines: Deadlines;
  /** As the options have it, until the peer turns out to bear more, or less. */
  maxInFlight: number;
  #tombstones = 0;
  #holds = 0;
  /** Whether a write is due at the end of the turn. */
  #due = false;
  #closed: { readonly cause: unknown } | undefined = undefined;

  constructor(
    private readonly host: RequestHost<F, R>,
    private readonly options: RequestTableOptions,
  ) {
    this.maxInFlight = options.maxInFlight;
    this.#deadlines = Deadlines.of(options.clock);
    this.#deadlines.join(options.usualTimeout);
  }

  /** Replies still to come, those for tombstones included. */
  get outstanding(): number {
    return this.#wire.size;
  }

  /** Requests that somebody waits for. */
  get pending(): number {
    return this.#queue.size + this.#wire.size - this.#tombstones;
  }

  /** Takes a request on; throws if the table is closed, the queue full, or the request aborted already. */
  add(request: Request<F, R>): void {
    const { signal, timeout } = request;
    const { maxQueue } = this.options;
    if (this.#closed) throw new ConnectionLostError(request.name, 'never', this.#closed.cause);
    if (signal?.aborted) throw new RequestAbortedError(request.name, 'never', signal.reason);
    if (this.#queue.size + this.#wire.size >= maxQueue + this.maxInFlight) {
      throw new RequestQueueFullError(request.name, maxQueue);
    }
    request.keeper = this;
    if (signal) watchAbort(signal, request);
    this.#deadlines.add(request, timeout);
    request.since = request.deadline - timeout;
    this.#queue.push(request.place);
    this.#writeInTime();
  }

  /**
   * Writes nothing until {@link release} was called as often: what was received already cannot answer what was not
   * yet written, and a transport that is full takes no more.
   */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.#writeInTime();
  }

  /** The oldest on the wire, for a reply that has just come; nothing if none was asked for. */
  get oldest(): Request<F, R> | undefined {
    return this.#wire.first?.value;
  }

  /** The reply to a request on the wire has come; a tombstone's is thrown away. */
  answer(request: Request<F, R>, reply: R): void {
    if (!this.#answered(request)) return;
    request.resolve(reply);
    this.host.settled(request, 'answered');
  }

  /** The reply to a request on the wire has come, and says that it failed, or (`ending`) says nothing at all. */
  refuse(request: Request<F, R>, cause: unknown, ending: RequestEnding = 'answered'): void {
    if (!this.#answered(request)) return;
    request.reject(cause);
    this.host.settled(request, ending);
  }

  abort(request: Request<F, R>): void {
    const reason: unknown = request.signal?.reason;
    this.#abandon(request, 'cancelled', (sent) => new RequestAbortedError(request.name, sent, reason));
  }

  expire(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.host.overdue(request);
    else this.#abandon(request, 'failed', (sent) => new RequestTimeoutError(request.name, sent, request.timeout));
  }

  /** Fails everything; nothing is left behind. */
  close(cause: unknown): void {
    if (this.#closed) return;
    this.#closed = { cause };
    this.#failAll(this.#wire, 'maybe', cause);
    this.#failAll(this.#queue, 'never', cause);
    this.#deadlines.leave(this.options.usualTimeout);
  }

  get #mayWrite(): boolean {
    return this.#holds === 0 && !this.#closed && this.#wire.size < this.maxInFlight;
  }

  #writeInTime(): void {
    const head = this.#queue.first;
    if (this.#due || !head || !this.#mayWrite) return;
    if (this.maxInFlight === 1) {
      this.host.write([this.#send(head)]);
    } else {
      this.#due = true;
      void endOfTurn.then(this.#writeDue);
    }
  }

  readonly #writeDue = (): void => {
    this.#due = false;
    const frames: F[] = [];
    for (let head = this.#queue.first; head && this.#mayWrite; head = this.#queue.first) frames.push(this.#send(head));
    if (frames.length > 0) this.host.write(frames);
  };

  /** From the queue to the wire. */
  #send(head: ListNode<Request<F, R>>): F {
    const request = head.value;
    this.#queue.remove(head);
    this.#wire.push(head);
    request.state = 'sent';
    return request.frame;
  }

  /** Whether somebody still waits for it. */
  #answered(request: Request<F, R>): boolean {
    const waiting = request.state === 'sent';
    this.#wire.remove(request.place);
    this.#over(request);
    this.#awaitOldest();
    return waiting;
  }

  #over(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.#tombstones--;
    request.state = 'over';
    this.#deadlines.remove(request);
    if (request.signal) unwatchAbort(request.signal, request);
  }

  #abandon(request: Request<F, R>, ending: RequestEnding, cause: (sent: Sent) => unknown): void {
    const { state } = request;
    if (state !== 'queued' && state !== 'sent') return;
    this.#over(request);
    if (state === 'queued') {
      this.#queue.remove(request.place);
    } else {
      request.state = 'tombstone';
      this.#tombstones++;
      this.#awaitOldest();
    }
    request.reject(cause(state === 'queued' ? 'never' : 'maybe'));
    this.host.settled(request, ending);
  }

  /** A tombstone's time begins when it is the oldest: until then, the peer may be busy with another's request. */
  #awaitOldest(): void {
    const { oldest } = this;
    if (oldest?.state !== 'tombstone' || oldest.due.list) return;
    this.#deadlines.add(oldest, Math.max(oldest.timeout, this.options.usualTimeout));
  }

  #failAll(list: LinkedList<Request<F, R>>, sent: Sent, cause: unknown): void {
    for (let head = list.first; head; head = list.first) {
      const request = head.value;
      const waiting = request.state !== 'tombstone';
      list.remove(head);
      this.#over(request);
      if (!waiting) continue;
      request.reject(new ConnectionLostError(request.name, sent, cause));
      this.host.settled(request, 'failed');
    }
  }
}

const endOfTurn = Promise.resolve();
