/** Lets a caller stop waiting; what it waited for goes on. */
export interface SignalOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How connections on their way out are treated. */
export interface DrainOptions {
  /** Milliseconds for work in flight to finish. @default the pool's `drainTimeout` */
  readonly drainTimeout?: number | undefined;
}

/** How a pool is closed. */
export interface CloseOptions extends DrainOptions {
  /** Aborting it cuts the draining short. */
  readonly signal?: AbortSignal | undefined;
}

/** What `ready()` waits for. */
export interface ReadyOptions extends SignalOptions {
  /** How many have to be connected. @default 1 */
  readonly min?: number | undefined;
  /** Milliseconds to wait at most. @default no limit */
  readonly timeout?: number | undefined;
}

/** How work is run. */
export interface UseOptions<K = void> extends SignalOptions {
  /** Milliseconds after which the caller is answered with a `UseTimeoutError`. @default no limit */
  readonly timeout?: number | undefined;
  /** What the choice may depend on, where the strategy asks for it. */
  readonly key?: K | undefined;
}
