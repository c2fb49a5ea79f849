import type { Connection } from '../connection/connection.js';
import type { EndpointHealth } from '../membership/endpoints.js';
import type { Membership } from '../membership/membership.js';

/**
 * The status of a pool:
 *
 * - `closed`: closed or disposed of
 * - `empty`: it has no members
 * - `starting`: since the pool was opened, no dial has succeeded or failed, or the first list of endpoints has not
 *   arrived
 * - `down`: no member is in service
 * - `degraded`: fewer members than `poolSize` are in service
 * - `healthy`: at least `poolSize` members are in service
 */
export type HealthStatus = 'closed' | 'empty' | 'starting' | 'down' | 'degraded' | 'healthy';

/**
 * The figures of a pool at one moment. Every member counts in exactly one of `fresh`, `connecting`, `connected`,
 * `draining`, `ejected` and `broken`.
 */
export interface Health {
  /** The pool's name, if it has one. */
  readonly name: string | undefined;
  /** The status in one word. */
  readonly status: HealthStatus;
  /** How many connections the pool aims for. */
  readonly poolSize: number;
  /** How many members the pool has. */
  readonly total: number;
  /** Members that have never been dialled. */
  readonly fresh: number;
  /** Members that are being dialled or warmed up. */
  readonly connecting: number;
  /** Members that are connected and in service: `idle` and `used` together. */
  readonly connected: number;
  /** Members in service with load 0. Load is the larger of the requests in flight and the open leases. */
  readonly idle: number;
  /** Members in service with a load above 0. */
  readonly used: number;
  /** Members that take no new work and finish what they have. */
  readonly draining: number;
  /** Connected members that are out of service for some time. */
  readonly ejected: number;
  /** Members that failed or were lost, abandoned ones included. */
  readonly broken: number;
  /** Broken members that `heal` has given up; it dials them rarely or not at all. */
  readonly abandoned: number;
  /** The sum of the members' loads. */
  readonly pending: number;
  /** Callers that wait in the pool's queue. */
  readonly waiting: number;
  /** Whether `suspend()` holds callers back. */
  readonly suspended: boolean;
  /**
   * The figures of each endpoint in the list, and of each removed endpoint that still has members. They are read at the
   * first access. Present only with the option `endpoints`.
   */
  readonly endpoints?: readonly EndpointHealth[];
}

/** The sources of the figures besides the members. */
export interface HealthSource {
  readonly name: string | undefined;
  readonly isClosed: boolean;
  readonly poolSize: number;
  readonly waiting: number;
  readonly isSuspended: boolean;
  /** Undefined for a pool without the option `endpoints`. */
  readonly endpointSource: EndpointSource | undefined;
}

/** The source of the figures of endpoints. */
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
  // Listed one by one: this runs every turn, and spreading costs more than all the rest.
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

/** The revision of the endpoints that each object of figures belongs to. */
const revisions = new WeakMap<Health, number>();

/** Adds the figures of endpoints. They are computed at the first access, because that takes a pass over all members. */
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

/** The fields in order of how often they change, so that a comparison ends early. */
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
