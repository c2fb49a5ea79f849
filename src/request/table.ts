import { unwatchAbort, watchAbort } from '../abort.js';
import { List } from '../list.js';
import type { Clock } from './clock.js';
import { Deadlines } from './deadlines.js';
import type { Sent } from './errors.js';
import { ConnectionLostError, RequestAbortedError, RequestQueueFullError, RequestTimeoutError } from './errors.js';
import type { Request, RequestEnding, RequestKeeper } from './request.js';

/** The transport, as the table needs it. */
export interface RequestHost<F, R> {
  write(frame: F): void;
  /** One request fewer is waiting for a reply. Comes last: it may call back in. */
  settled(request: Request<F, R>, ending: RequestEnding): void;
  /** A tombstone's reply has not come within the request's timeout either: the peer is to be given up. */
  overdue(request: Request<F, R>): void;
}

export interface RequestTableOptions {
  readonly clock: Clock;
  /** The timeout most requests have, in milliseconds. */
  readonly usualTimeout: number;
  /** Requests that may wait to be written. */
  readonly maxQueue: number;
  /** Requests that may be on the wire at once. */
  readonly maxInFlight: number;
}

/**
 * What one transport has outstanding. Every request settles exactly once, whichever of reply, deadline, abort
 * and loss comes first. One that settles after it was written leaves a tombstone, which keeps its turn until
 * its reply has come and been thrown away.
 */
export class RequestTable<F, R> implements RequestKeeper<F, R> {
  readonly #queue = new List<Request<F, R>>();
  readonly #wire = new List<Request<F, R>>();
  readonly #deadlines: Deadlines<Request<F, R>>;
  #held = false;
  #closed: { readonly cause: unknown } | undefined = undefined;

  constructor(
    private readonly host: RequestHost<F, R>,
    private readonly options: RequestTableOptions,
  ) {
    this.#deadlines = new Deadlines(options.clock, options.usualTimeout, (request) => this.#expired(request));
  }

  /** Replies still to come, those for tombstones included. */
  get outstanding(): number {
    return this.#wire.size;
  }

  /** Takes a request on; throws if the table is closed, the queue full, or the request aborted already. */
  add(request: Request<F, R>): void {
    const { signal } = request;
    if (this.#closed) throw new ConnectionLostError(request.name, 'never', this.#closed.cause);
    if (signal?.aborted) throw new RequestAbortedError(request.name, 'never', signal.reason);
    if (this.#queue.size >= this.options.maxQueue && !this.#mayWrite()) {
      throw new RequestQueueFullError(request.name, this.options.maxQueue);
    }
    request.keeper = this;
    if (signal) watchAbort(signal, request);
    this.#deadlines.add(request);
    request.since = request.deadline - request.timeout;
    this.#queue.push(request.place);
    this.#pump();
  }

  /** Writes nothing until {@link release}: what was received already cannot answer what was not yet written. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#pump();
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

  /** Fails everything; nothing is left behind. */
  close(cause: unknown): void {
    this.#closed ??= { cause };
    this.#failAll(this.#wire, 'maybe', cause);
    this.#failAll(this.#queue, 'never', cause);
    this.#deadlines.stop();
  }

  #mayWrite(): boolean {
    return !this.#held && !this.#closed && this.#wire.size < this.options.maxInFlight;
  }

  #pump(): void {
    for (let head = this.#queue.first; head && this.#mayWrite(); head = this.#queue.first) {
      this.#queue.remove(head);
      this.#wire.push(head);
      head.value.state = 'sent';
      this.host.write(head.value.frame);
    }
  }

  /** Whether somebody still waits for it. */
  #answered(request: Request<F, R>): boolean {
    const waiting = request.state === 'sent';
    this.#wire.remove(request.place);
    this.#over(request);
    return waiting;
  }

  #over(request: Request<F, R>): void {
    request.state = 'over';
    this.#deadlines.remove(request);
    if (request.signal) unwatchAbort(request.signal, request);
  }

  #expired(request: Request<F, R>): void {
    if (request.state === 'tombstone') this.host.overdue(request);
    else this.#abandon(request, 'failed', (sent) => new RequestTimeoutError(request.name, sent, request.timeout));
  }

  #abandon(request: Request<F, R>, ending: RequestEnding, cause: (sent: Sent) => unknown): void {
    const { state } = request;
    if (state !== 'queued' && state !== 'sent') return;
    this.#over(request);
    if (state === 'queued') {
      this.#queue.remove(request.place);
    } else {
      request.state = 'tombstone';
      this.#deadlines.add(request);
    }
    request.reject(cause(state === 'queued' ? 'never' : 'maybe'));
    this.host.settled(request, ending);
  }

  #failAll(list: List<Request<F, R>>, sent: Sent, cause: unknown): void {
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
