import type { Connection } from '../connection/connection.js';
import type { Membership } from '../membership/membership.js';

/**
 * - `closed`: closed or disposed of
 * - `empty`: no members
 * - `starting`: none has been connected and no dial has failed since the pool was opened
 * - `down`: none in service
 * - `degraded`: fewer in service than `poolSize`
 * - `healthy`: as many in service as there should be
 */
export type HealthStatus = 'closed' | 'empty' | 'starting' | 'down' | 'degraded' | 'healthy';

/**
 * The figures of a pool at one moment. Every member counts in exactly one of `fresh`, `connecting`, `connected`,
 * `draining`, `ejected` and `broken`.
 */
export interface Health {
  /** The pool's name, where it has one. */
  readonly name: string | undefined;
  /** How the pool is, in a word. */
  readonly status: HealthStatus;
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** How many members it has. */
  readonly total: number;
  /** Members that have never been dialled. */
  readonly fresh: number;
  /** Members that are being dialled or warmed up. */
  readonly connecting: number;
  /** Members that are connected and in service: `idle` and `used` together. */
  readonly connected: number;
  /** Members in service with load 0. */
  readonly idle: number;
  /** Members in service with a load above 0. */
  readonly used: number;
  /** Members out of service until they have finished what they carry. */
  readonly draining: number;
  /** Members that are connected, and out of service for a time. */
  readonly ejected: number;
  /** Members that failed or were lost, those given up included. */
  readonly broken: number;
  /** Broken members that have been given up by what heals the pool. */
  readonly abandoned: number;
  /** The sum of the members' loads. */
  readonly pending: number;
  /** Callers in the pool's queue. */
  readonly waiting: number;
  /** Whether `suspend()` holds callers back. */
  readonly suspended: boolean;
}

/** What the figures are read from, besides the members. */
export interface HealthSource {
  readonly name: string | undefined;
  readonly isClosed: boolean;
  readonly poolSize: number;
  readonly waiting: number;
  readonly isSuspended: boolean;
}

export function healthOf<C extends Connection>(membership: Membership<C>, source: HealthSource): Health {
  const { counts, index, size: total } = membership;
  const { name, poolSize, waiting, isSuspended: suspended } = source;
  const { fresh, serving: connected, draining, ejected, abandoned } = counts;
  const { idle } = index;
  // Named one by one: it is made every turn, and spreading costs more than all the rest.
  return Object.freeze({
    name,
    status: statusOf(membership, source),
    poolSize,
    total,
    fresh,
    connecting: counts.dialling,
    connected,
    idle,
    used: connected - idle,
    draining,
    ejected,
    broken: counts.broken + abandoned,
    abandoned,
    pending: index.load,
    waiting,
    suspended,
  });
}

function statusOf<C extends Connection>(
  { size, hasDialled, counts }: Membership<C>,
  { isClosed, poolSize }: HealthSource,
): HealthStatus {
  if (isClosed) return 'closed';
  if (size === 0) return 'empty';
  if (!hasDialled) return 'starting';
  if (counts.serving === 0) return 'down';
  return counts.serving < poolSize ? 'degraded' : 'healthy';
}

/** What changes most often comes first: few comparisons go beyond it. */
const HEALTH_FIELDS: readonly (keyof Health)[] = [
  'pending',
  'idle',
  'waiting',
  'status',
  'poolSize',
  'total',
  'fresh',
  'connecting',
  'connected',
  'draining',
  'ejected',
  'broken',
  'abandoned',
  'suspended',
];

export const sameHealth = (a: Health, b: Health): boolean => HEALTH_FIELDS.every((field) => a[field] === b[field]);
