import type { AbandonReason } from './verdict.js';

/** What `reconnectBroken` does, for logs and metrics. `attempt` counts from 1, `delay` is in milliseconds. */
export type ReconnectEvent<C> =
  | { readonly type: 'reconnect-scheduled'; readonly connection: C; readonly attempt: number; readonly delay: number }
  | { readonly type: 'reconnecting'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnected'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnect-failed'; readonly connection: C; readonly attempt: number; readonly cause: unknown }
  /** It is not dialled any more, until somebody else has brought it up. `attempt` is how many were made, 0 for none. */
  | {
      readonly type: 'reconnect-abandoned';
      readonly connection: C;
      readonly attempt: number;
      readonly reason: AbandonReason;
      readonly cause: unknown;
    };
