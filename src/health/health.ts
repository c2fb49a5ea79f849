import type { Census } from '../registry/registry.js';

/**
 * - `closed`: closed or disposed of
 * - `empty`: no members
 * - `starting`: none has been connected and no dial has failed since the pool was opened
 * - `down`: none in service
 * - `degraded`: fewer in service than `poolSize`
 * - `healthy`: as many in service as there should be
 */
export type HealthStatus = 'closed' | 'empty' | 'starting' | 'down' | 'degraded' | 'healthy';

/** A pool at one moment. Every member counts in exactly one of `idle` to `broken`. */
export interface Health {
  readonly status: HealthStatus;
  readonly poolSize: number;
  readonly total: number;
  readonly idle: number;
  readonly connecting: number;
  /** Connected and in service. */
  readonly connected: number;
  /** Out of service until they have finished what they carry. */
  readonly draining: number;
  /** Connected, and out of service for bad behaviour. */
  readonly ejected: number;
  readonly broken: number;
  /** The sum of the members' loads, in requests. */
  readonly pending: number;
  /** Callers in the pool's queue. */
  readonly waiting: number;
}

/** What a pool's status follows from, besides who stands where. */
export interface HealthFacts {
  readonly closed: boolean;
  readonly poolSize: number;
  readonly total: number;
  readonly pending: number;
  readonly waiting: number;
  /** Whether any dial has come to an end since the pool was opened. */
  readonly proven: boolean;
  readonly census: Census;
}

function statusOf({ closed, poolSize, total, proven, census }: HealthFacts): HealthStatus {
  if (closed) return 'closed';
  if (total === 0) return 'empty';
  if (!proven) return 'starting';
  if (census.connected === 0) return 'down';
  return census.connected < poolSize ? 'degraded' : 'healthy';
}

export function healthOf(facts: HealthFacts): Health {
  const { poolSize, total, pending, waiting } = facts;
  // Named one by one: it is made every turn, and to spread a census costs more than all the rest.
  const { idle, connecting, connected, draining, ejected, broken } = facts.census;
  const status = statusOf(facts);
  return Object.freeze({
    status,
    poolSize,
    total,
    idle,
    connecting,
    connected,
    draining,
    ejected,
    broken,
    pending,
    waiting,
  });
}

/** What changes most often comes first: few comparisons go beyond it. */
const FIGURES = Object.keys({
  pending: true,
  waiting: true,
  status: true,
  poolSize: true,
  total: true,
  idle: true,
  connecting: true,
  connected: true,
  draining: true,
  ejected: true,
  broken: true,
} satisfies Record<keyof Health, true>) as (keyof Health)[];

export const sameHealth = (a: Health, b: Health): boolean =>
  a === b || FIGURES.every((figure) => a[figure] === b[figure]);
