/** What `reconnectBroken` does, for logs and metrics. `attempt` counts from 1, `delay` is in milliseconds. */
export type ReconnectEvent<C> =
  | { readonly type: 'reconnect-scheduled'; readonly connection: C; readonly attempt: number; readonly delay: number }
  | { readonly type: 'reconnecting'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnected'; readonly connection: C; readonly attempt: number }
  | { readonly type: 'reconnect-failed'; readonly connection: C; readonly attempt: number; readonly cause: unknown };
