import type { AbortWatcher } from '../abort.js';
import { ListNode } from '../linked-list.js';
import type { Due } from './deadlines.js';

/** Who is told that a request's signal was aborted, or that its deadline has passed. */
export interface RequestKeeper<F, R> {
  abort(request: Request<F, R>): void;
  expire(request: Request<F, R>): void;
}

/** Tombstone: settled, but its reply is still to come and must find nobody else. */
export type RequestState = 'queued' | 'sent' | 'tombstone' | 'over';

/** How it ended: with a reply, without one, or because whoever asked lost interest. */
export type RequestEnding = 'answered' | 'failed' | 'cancelled';

/** One request: what to write, whom to tell, and its place among the others. */
export class Request<F, R> implements AbortWatcher, Due {
  /** In the queue, then among those on the wire. */
  readonly place: ListNode<Request<F, R>> = new ListNode(this);
  readonly due: ListNode<Due> = new ListNode<Due>(this);
  deadline = 0;
  /** When it was asked for. */
  since = 0;
  state: RequestState = 'queued';
  keeper: RequestKeeper<F, R> | undefined = undefined;

  constructor(
    readonly name: string,
    readonly frame: F,
    readonly timeout: number,
    readonly signal: AbortSignal | undefined,
    readonly resolve: (reply: R) => void,
    readonly reject: (cause: unknown) => void,
  ) {}

  aborted(): void {
    this.keeper?.abort(this);
  }

  expired(): void {
    this.keeper?.expire(this);
  }
}
