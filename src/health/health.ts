import type { Connection } from '../connection/connection.js';
import type { EndpointHealth } from '../membership/endpoints.js';
import type { Membership } from '../membership/membership.js';

/**
 * - `closed`: closed or disposed of
 * - `empty`: no members
 * - `starting`: none has been connected and no dial has failed since the pool was opened, or the first list of endpoints
 *   has yet to come
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
  /**
   * The figures of each endpoint in the list, and of each that has left it and still has members: those of the moment
   * when they are first read. Only where the pool has the option `endpoints`.
   */
  readonly endpoints?: readonly EndpointHealth[];
}

/** What the figures are read from, besides the members. */
export interface HealthSource {
  readonly name: string | undefined;
  readonly isClosed: boolean;
  readonly poolSize: number;
  readonly waiting: number;
  readonly isSuspended: boolean;
  /** Undefined where the pool has none. */
  readonly endpointSource: EndpointSource | undefined;
}

/** What the figures of endpoints are read from. */
interface EndpointSource {
  readonly isAwaited: boolean;
  readonly revision: number;
  figures(): readonly EndpointHealth[];
}

export function healthOf<C extends Connection>(membership: Membership<C>, source: HealthSource): Health {
  const { counts, index, size: total } = membership;
  const { name, poolSize, waiting, isSuspended: suspended, endpointSource } = source;
  const { fresh, serving: connected, draining, ejected, abandoned } = counts;
  const { idle } = index;
  // Named one by one: it is made every turn, and spreading costs more than all the rest.
  const health = {
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
  };
  return Object.freeze(endpointSource === undefined ? health : withEndpoints(health, endpointSource));
}

/** Which revision of the endpoints some figures are of. */
const revisions = new WeakMap<Health, number>();

/** Adds the figures of endpoints, which are read when they are asked for: that takes a pass over all members. */
function withEndpoints(health: Health, source: EndpointSource): Health {
  let figures: readonly EndpointHealth[] | undefined;
  const get = (): readonly EndpointHealth[] => {
    figures ??= source.figures();
    return figures;
  };
  revisions.set(health, source.revision);
  return Object.defineProperty(health, 'endpoints', { get, enumerable: true });
}

function statusOf<C extends Connection>(
  { size, hasDialled, counts }: Membership<C>,
  { isClosed, poolSize, endpointSource }: HealthSource,
): HealthStatus {
  if (isClosed) return 'closed';
  if (size === 0) return endpointSource?.isAwaited ? 'starting' : 'empty';
  if (!hasDialled) return 'starting';
  if (counts.serving === 0) return 'down';
  return counts.serving < poolSize ? 'degraded' : 'healthy';
}

/** What changes most often comes first: few comparisons go beyond it. */
const HEALTH_FIELDS: readonly Exclude<keyof Health, 'endpoints'>[] = [
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

export const sameHealth = (a: Health, b: Health): boolean =>
  HEALTH_FIELDS.every((field) => a[field] === b[field]) && revisionOf(a) === revisionOf(b);

const revisionOf = (health: Health): number | undefined => ('endpoints' in health ? revisions.get(health) : undefined);
