import type { AbortWatcher } from '../abort.js';
import type { Expirable } from '../deadlines.js';
import { ListNode } from '../linked-list.js';

/** Is told when a request is aborted or expires. */
export interface RequestOwner<F, R> {
  /** The signal of the request was aborted. */
  abort(request: Request<F, R>): void;
  /** The deadline of the request has passed. */
  expire(request: Request<F, R>): void;
}

/**
 * `tombstone`: settled after it was written. It keeps its position, so that its late reply is not taken for another's.
 */
export type RequestState = 'queued' | 'sent' | 'tombstone' | 'over';

/** How a request ended: with a reply, without one, or by the abort of its signal. */
export type RequestEnding = 'answered' | 'failed' | 'cancelled';

/** One request: the frame to write, the promise to settle, and its positions in the queue and among the deadlines. */
export class Request<F, R> implements AbortWatcher, Expirable {
  /** Its node in the queue, then in the list of requests in flight. */
  readonly place: ListNode<Request<F, R>> = new ListNode(this);
  /** Its node among the deadlines. */
  readonly due: ListNode<Expirable> = new ListNode<Expirable>(this);
  /** Milliseconds by the clock. */
  deadline = 0;
  /** When it was added to the table. */
  since = 0;
  state: RequestState = 'queued';
  owner: RequestOwner<F, R> | undefined = undefined;

  constructor(
    readonly name: string,
    readonly frame: F,
    readonly timeout: number,
    readonly signal: AbortSignal | undefined,
    readonly resolve: (reply: R) => void,
    readonly reject: (cause: unknown) => void,
  ) {}

  aborted(): void {
    this.owner?.abort(this);
  }

  expired(): void {
    this.owner?.expire(this);
  }
}
