import type { ConnectionState, Health } from 'rxpool';

/** One connection at one moment. */
export interface Row {
  /** In order of joining, from 1. */
  readonly number: number;
  readonly state: ConnectionState;
  readonly pending: number;
  /** Requests it has answered. */
  readonly served: number;
  readonly reconnects: number;
  /** What it waits for, if anything. */
  readonly note: string;
}

/** Something worth telling. */
export interface News {
  readonly at: number;
  readonly text: string;
}

/** All that is shown of the demo at one moment. Times are in milliseconds, rates in answers a second. */
export interface Model {
  readonly elapsed: number;
  readonly duration: number;
  readonly target: string;
  readonly health: Health;
  readonly rows: readonly Row[];
  /** Sampled at even intervals, the latest last. */
  readonly throughput: readonly number[];
  readonly answered: number;
  readonly wrong: number;
  readonly errors: number;
  readonly cut: number;
  readonly reconnects: number;
  readonly p50: number;
  readonly p99: number;
  /** The latest last. */
  readonly news: readonly News[];
}
