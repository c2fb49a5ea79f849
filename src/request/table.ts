import { unwatchAbort, watchAbort } from '../abort.js';
import type { Clock } from '../clock.js';
import type { Deadlines } from '../deadlines.js';
import { LinkedList, type ListNode } from '../linked-list.js';
import type { Sent } from './errors.js';
import { ConnectionLostError, RequestAbortedError, RequestQueueFullError, RequestTimeoutError } from './errors.js';
import type { Request, RequestEnding, RequestOwner } from './request.js';
import { deadlinesOf } from './shared-deadlines.js';

/** The functions that a table needs of its transport. */
export interface RequestHost<F, R> {
  /** Writes one or more frames, together where possible. May call {@link RequestTable.hold} to pause further writes. */
  write(frames: readonly F[]): void;
  /** A request is no longer in flight: it has settled, and no reply to it is owed. Called once for each request. */
  ended(request: Request<F, R>): void;
  /** A request has settled. Called last, because it may call the table again. */
  settled(request: Request<F, R>, ending: RequestEnding): void;
  /**
   * The deadline of a tombstone has passed without its reply. Close the transport, and the table with it; if replies
   * come in any order, calling {@link RequestTable.forget} is enough.
   */
  overdue(request: Request<F, R>): void;
}

/** Options of {@link RequestTable}. */
export interface RequestTableOptions {
  /** The clock of the deadlines. */
  readonly clock: Clock;
  /**
   * The timeout of most requests, in milliseconds. A tombstone expires after the longer of this time and its own
   * timeout.
   */
  readonly usualTimeout: number;
  /** Whether replies come in the order of the requests. If not, a part of each reply identifies its request. */
  readonly inOrder: boolean;
  /** How many requests may wait in the queue. */
  readonly maxQueue: number;
  /**
   * How many requests may be in flight at once. With 1, a request is written within the call. With more, requests are
   * written in a microtask, together with all others added by then.
   */
  readonly maxInFlight: number;
}

/**
 * The queue and the requests in flight of one transport. A request settles exactly once, by the first of reply,
 * deadline, abort and loss. A written request that settles before its reply stays as a tombstone: it keeps its position
 * until the reply arrives, and the reply is dropped.
 */
export class RequestTable<F, R> implements RequestOwner<F, R> {
  readonly #queue = new LinkedList<Request<F, R>>();
  readonly #inFlight = new LinkedList<Request<F, R>>();
  readonly #deadlines: Deadlines;
  /** Set from the options at first. The transport changes it when it learns the limit of the server. */
  maxInFlight: number;
  #tombstones = 0;
  #holds = 0;
  /** Whether a write is scheduled in a microtask. */
  #due = false;
  #closed: { readonly cause: unknown } | undefined = undefined;

  constructor(
    private readonly host: RequestHost<F, R>,
    private readonly options: RequestTableOptions,
  ) {
    this.maxInFlight = options.maxInFlight;
    this.#deadlines = deadlinesOf(options.clock);
    this.#deadlines.keepTimer();
  }

  /** How many replies are owed, including those of tombstones. */
  get outstanding(): number {
    return this.#inFlight.size;
  }

  /** How many requests have not settled. */
  get pending(): number {
    return this.#queue.size + this.#inFlight.size - this.#tombstones;
  }

  /** Adds a request. Throws if the table is closed, the queue is full or the signal is aborted. */
  add(request: Request<F, R>): void {
    const { signal, timeout } = request;
    const { maxQueue } = this.options;
    if (this.#closed) throw new ConnectionLostError(request.name, 'never', this.#closed.cause);
    if (signal?.aborted) throw new RequestAbortedError(request.name, 'never', signal.reason);
    if (this.#queue.size + this.#inFlight.size >= maxQueue + this.maxInFlight) {
      throw new RequestQueueFullError(request.name, maxQueue);
    }
    request.owner = this;
    if (signal) watchAbort(signal, request);
    this.#deadlines.add(request, timeout);
    request.since = request.deadline - timeout;
    this.#queue.push(request.place);
    this.#writeInTime();
  }

  /**
   * Pauses writes until {@link release} was called as often. Used while received bytes are matched to requests, so that
   * they cannot belong to a request written later, and while the transport's buffer is full.
   */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.#writeInTime();
  }

  /** The oldest request in flight, to which the next reply belongs; undefined if none is in flight. */
  get oldest(): Request<F, R> | undefined {
    return this.#inFlight.first?.value;
  }

  /** Settles a request in flight with its reply. The reply of a tombstone is dropped. */
  answer(request: Request<F, R>, reply: R): void {
    if (!this.#answered(request)) return;
    request.resolve(reply);
    this.#settled(request, 'answered');
  }

  /** Rejects a request in flight whose reply is an error. With another `ending`, its reply has no meaning. */
  refuse(request: Request<F, R>, cause: unknown, ending: RequestEnding = 'answered'): void {
    if (!this.#answered(request)) return;
    request.reject(cause);
    this.#settled(request, ending);
  }

  /** Removes a tombstone whose reply is no longer expected. Only if replies come in any order. */
  forget(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.#answered(request);
    this.#writeInTime();
  }

  abort(request: Request<F, R>): void {
    const reason: unknown = request.signal?.reason;
    this.#abandon(request, 'cancelled', (sent) => new RequestAbortedError(request.name, sent, reason));
  }

  expire(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.host.overdue(request);
    else this.#abandon(request, 'failed', (sent) => new RequestTimeoutError(request.name, sent, request.timeout));
  }

  /** Rejects all requests, and leaves the shared deadlines. */
  close(cause: unknown): void {
    if (this.#closed) return;
    this.#closed = { cause };
    this.#failAll(this.#inFlight, 'maybe', cause);
    this.#failAll(this.#queue, 'never', cause);
    this.#deadlines.dropTimer();
  }

  get #mayWrite(): boolean {
    return this.#holds === 0 && !this.#closed && this.#inFlight.size < this.maxInFlight;
  }

  #writeInTime(): void {
    const head = this.#queue.first;
    if (this.#due || !head || !this.#mayWrite) return;
    if (this.maxInFlight === 1) {
      this.host.write([this.#send(head)]);
    } else {
      this.#due = true;
      void microtask.then(this.#writeDue);
    }
  }

  readonly #writeDue = (): void => {
    this.#due = false;
    const frames: F[] = [];
    for (let head = this.#queue.first; head && this.#mayWrite; head = this.#queue.first) frames.push(this.#send(head));
    if (frames.length > 0) this.host.write(frames);
  };

  /** Moves a request from the queue to the requests in flight. */
  #send(head: ListNode<Request<F, R>>): F {
    const request = head.value;
    this.#queue.remove(head);
    this.#inFlight.push(head);
    request.state = 'sent';
    return request.frame;
  }

  /** Removes a request whose reply arrived. False for a tombstone, which has settled already. */
  #answered(request: Request<F, R>): boolean {
    const waiting = request.state === 'sent';
    this.#inFlight.remove(request.place);
    this.#finish(request);
    if (this.options.inOrder) this.#awaitOldest();
    if (!waiting) this.host.ended(request);
    return waiting;
  }

  #finish(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.#tombstones--;
    request.state = 'over';
    this.#deadlines.remove(request);
    if (request.signal) unwatchAbort(request.signal, request);
  }

  #abandon(request: Request<F, R>, ending: RequestEnding, cause: (sent: Sent) => unknown): void {
    const { state } = request;
    if (state !== 'queued' && state !== 'sent') return;
    this.#finish(request);
    if (state === 'queued') {
      this.#queue.remove(request.place);
    } else {
      request.state = 'tombstone';
      this.#tombstones++;
      if (this.options.inOrder) this.#awaitOldest();
      else this.#await(request);
    }
    request.reject(cause(state === 'queued' ? 'never' : 'maybe'));
    // The reply to a tombstone is still owed.
    if (state === 'queued') this.#settled(request, ending);
    else this.host.settled(request, ending);
  }

  #settled(request: Request<F, R>, ending: RequestEnding): void {
    this.host.ended(request);
    this.host.settled(request, ending);
  }

  /**
   * Starts the deadline of a tombstone when it is the oldest. Until then the server may be working on earlier requests.
   */
  #awaitOldest(): void {
    const { oldest } = this;
    if (oldest?.state === 'tombstone' && !oldest.due.list) this.#await(oldest);
  }

  /** Starts the deadline of a tombstone. */
  #await(tombstone: Request<F, R>): void {
    this.#deadlines.add(tombstone, Math.max(tombstone.timeout, this.options.usualTimeout));
  }

  #failAll(list: LinkedList<Request<F, R>>, sent: Sent, cause: unknown): void {
    for (let head = list.first; head; head = list.first) {
      const request = head.value;
      const waiting = request.state !== 'tombstone';
      list.remove(head);
      this.#finish(request);
      if (!waiting) {
        this.host.ended(request);
        continue;
      }
      request.reject(new ConnectionLostError(request.name, sent, cause));
      this.#settled(request, 'failed');
    }
  }
}

const microtask = Promise.resolve();
