import type { Subscription } from 'rxjs';
import type { Connection, ConnectionPool, Measurement, PoolObserver } from 'rxpool';

/** The members of a pool that are measured. */
export type MeasuredPool<C extends Connection> = Pick<
  ConnectionPool<C>,
  'health' | 'snapshot$' | 'observe' | 'minSize' | 'maxSize'
>;

/** A metric of the semantic conventions for client connection pools. */
export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
}

const metric = (name: string, unit: string, description: string): Metric => ({
  name: `db.client.connection.${name}`,
  unit,
  description,
});

/** The conventions' names as literals, because the names in their package change between versions. */
export const METRICS = {
  count: metric('count', '{connection}', 'The number of connections that are currently in the state described.'),
  idleMin: metric('idle.min', '{connection}', 'The minimum number of idle open connections allowed.'),
  idleMax: metric('idle.max', '{connection}', 'The maximum number of idle open connections allowed.'),
  limit: metric('limit', '{connection}', 'The maximum number of open connections allowed.'),
  max: metric('max', '{connection}', 'The former name of db.client.connection.limit.'),
  pending: metric('pending_requests', '{request}', 'The number of current pending requests for an open connection.'),
  timeouts: metric('timeouts', '{timeout}', 'The number of timeouts of callers that waited for a connection.'),
  createTime: metric('create_time', 's', 'The time it took to create a new connection.'),
  waitTime: metric('wait_time', 's', 'The time it took to obtain an open connection from the pool.'),
  useTime: metric('use_time', 's', 'The time between borrowing a connection and returning it to the pool.'),
} as const;

export const POOL_NAME = 'db.client.connection.pool.name';
export const STATE = 'db.client.connection.state';
export const ERROR_TYPE = 'error.type';

/** The histogram bounds that the conventions advise, in seconds. */
export const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The figures that are read on request, except the counts by state. */
export const GAUGES = ['idleMin', 'idleMax', 'limit', 'max', 'pending'] as const;

type Gauge = (typeof GAUGES)[number];

/** The figures of a pool now. */
export interface Gauges extends Readonly<Record<Gauge, number>> {
  readonly states: { readonly idle: number; readonly used: number };
}

type Duration = 'createTime' | 'waitTime' | 'useTime';

/** Receives the durations of waits, uses and dials. */
export interface MeasurementSink {
  duration(duration: Duration, seconds: number, errorType: string | undefined): void;
  timeout(): void;
}

/** The pool's name in the metrics; pools without a name share one. */
export const nameOf = (pool: Pick<ConnectionPool<Connection>, 'health'>): string => pool.health.name ?? 'rxpool';

/** The limit of a pool without `maxSize` is its `poolSize`. */
export function gaugesOf<C extends Connection>({ health, minSize, maxSize }: MeasuredPool<C>): Gauges {
  const { idle, used, waiting, poolSize } = health;
  const limit = Number.isFinite(maxSize) ? maxSize : poolSize;
  return { states: { idle, used }, idleMin: minSize, idleMax: poolSize, limit, max: limit, pending: waiting };
}

/** Passes the durations of a pool to a sink, in seconds. */
export function durationsTo<C>(sink: MeasurementSink): PoolObserver<C> {
  const tell = (duration: Duration, { durationMs, outcome, error }: Measurement<C, string>): void => {
    const isFine = outcome === 'acquired' || outcome === 'ok' || outcome === 'connected';
    sink.duration(duration, durationMs / 1_000, isFine ? undefined : errorTypeOf(outcome, error));
  };
  return {
    onWait: (wait) => {
      tell('waitTime', wait);
      if (wait.outcome === 'timeout') sink.timeout();
    },
    onUse: (use) => tell('useTime', use),
    onDial: (dial) => tell('createTime', dial),
  };
}

/** The pattern of an error's class or code. Any other text may contain something confidential. */
const SHORT = /^[A-Za-z_][\w.:-]{0,63}$/;

/** The `error.type` of the conventions: the error's code, or its name, or the outcome. */
export function errorTypeOf(outcome: string, error: unknown): string {
  const { code, name } = (error instanceof Error ? error : {}) as { readonly code?: unknown; readonly name?: unknown };
  const known = [code, name === 'Error' ? undefined : name].find(
    (text) => typeof text === 'string' && SHORT.test(text),
  );
  return (known as string | undefined) ?? outcome;
}

/**
 * Calls `end` when the pool is disposed of. It follows `snapshot$`, which does not change with the load, so that
 * requests cost nothing more.
 */
export const endsWith = <C extends Connection>(pool: MeasuredPool<C>, end: () => void): Subscription =>
  pool.snapshot$.subscribe({ complete: end });
