import { Subject } from 'rxjs';
import { type Connection, textOf } from '../connection/connection.js';
import { platformRandom } from '../defaults.js';
import { counted } from '../selection/load-buckets.js';
import type { Member, Phase } from './member.js';

/** The figures of one endpoint at one moment. */
export interface EndpointHealth {
  /** The endpoint, as the pool was given it. */
  readonly endpoint: string;
  /** How many members lead to it. */
  readonly total: number;
  /** Members that are being dialled or warmed up. */
  readonly connecting: number;
  /** Members that are connected and in service. */
  readonly connected: number;
  /** Members that failed or were lost, abandoned ones included. */
  readonly broken: number;
  /** The sum of the members' loads. */
  readonly pending: number;
}

/**
 * Knows the endpoint of each member and chooses that of the next connection: the endpoint with the fewest members.
 * Among equals it takes the one at a position that is drawn once for each pool. A replacement keeps the endpoint of the
 * old connection, unless another endpoint has at least two members fewer. Members are counted at each call.
 */
export class Endpoints<C extends Connection> {
  /** The endpoints in use: the last valid list. Undefined without one. */
  list: readonly string[] | undefined = undefined;
  /** Whether the first list has not arrived yet. */
  isAwaited = false;
  /** Endpoints to which the latest move failed. Meanwhile no member is moved to them. */
  readonly unreachable = new Set<string>();
  /** Rises with each change that the figures of endpoints may show. */
  revision = 0;
  /** Emits when the list changes or stops being awaited, and when members join or leave. */
  readonly changed$ = new Subject<void>();
  /**
   * The position among equal endpoints, from 0 to 1. If all pools took the first of the list, it would get the most
   * connections.
   */
  readonly #tieBreaker = platformRandom();
  /** Kept outside the members, so that a pool without endpoints stores nothing. */
  readonly #endpointOf = new WeakMap<C, string>();

  /** @param members - all of them, in order of joining. */
  constructor(readonly members: Iterable<Member<C>>) {}

  /** The endpoint of a member; undefined if the pool did not assign one. */
  of({ connection }: Member<C>): string | undefined {
    return this.#endpointOf.get(connection);
  }

  /** The list that connections are made for under such an option; empty while it is awaited. */
  listFor(option: unknown): false | readonly string[] {
    if (option === false) return false;
    return Array.isArray(option) ? (option as readonly string[]) : (this.list ?? []);
  }

  /** Uses another list from now on, or none. Returns whether it differs from the list before. */
  use(list: readonly string[] | undefined): boolean {
    const before = this.list;
    const isSame = before?.length === list?.length && before?.every((endpoint, place) => endpoint === list?.[place]);
    this.isAwaited = false;
    if (isSame !== false) return false;
    this.list = list && Object.freeze([...list]);
    this.unreachable.clear();
    this.admit([...this.members].map(({ connection }) => connection));
    this.revision++;
    this.changed$.next();
    return true;
  }

  /** Assigns connections that the user made to the endpoint that they name, if it is in the list. */
  admit(connections: readonly C[]): void {
    const { list } = this;
    if (!list) return;
    for (const connection of connections) {
      if (this.#endpointOf.has(connection)) continue;
      const endpoint = textOf(connection, 'endpoint');
      if (endpoint !== undefined && list.includes(endpoint)) this.assign(connection, endpoint);
    }
  }

  assign(connection: C, endpoint: string): void {
    this.#endpointOf.set(connection, endpoint);
  }

  /**
   * Returns a function that chooses, at each call, the endpoint of one more connection.
   *
   * @param replaces - the connection to be replaced: it is not counted, and among equals its endpoint comes first.
   */
  assigner(replaces: C | undefined, list: readonly string[]): () => string | undefined {
    const candidates = replaces === undefined ? list : this.#reachable(list);
    const counts = new Map(list.map((endpoint) => [endpoint, 0]));
    for (const member of this.members) {
      const endpoint = this.of(member);
      const count = endpoint === undefined ? undefined : counts.get(endpoint);
      if (count !== undefined && member.connection !== replaces) counts.set(endpoint as string, count + 1);
    }
    const own = replaces && this.#endpointOf.get(replaces);
    return () => {
      const least = Math.min(...candidates.map((endpoint) => counts.get(endpoint) as number));
      const fewest = candidates.filter((endpoint) => counts.get(endpoint) === least);
      const endpoint = fewest.find((one) => one === own) ?? fewest[Math.floor(this.#tieBreaker * fewest.length)];
      if (endpoint !== undefined) counts.set(endpoint, least + 1);
      return endpoint;
    };
  }

  /**
   * Members in the order in which they should leave: first those of the endpoint with the most members, otherwise in
   * the given order.
   */
  mostFirst(ordered: Member<C>[]): Member<C>[] {
    if (!this.list) return ordered;
    const counts = this.#counts();
    const ranked = ordered.map((member) => {
      const endpoint = this.of(member);
      const count = counts.get(endpoint) ?? 0;
      counts.set(endpoint, count - 1);
      return { member, count };
    });
    return ranked.sort((a, b) => (a.count === b.count ? 0 : b.count - a.count)).map(({ member }) => member);
  }

  /**
   * The first of the given members that should move: its endpoint has left the list, or has at least two members more
   * than another.
   */
  misplaced(ordered: Member<C>[]): Member<C> | undefined {
    const { list } = this;
    if (!list) return undefined;
    const [member] = this.mostFirst(ordered.filter((candidate) => this.of(candidate) !== undefined));
    if (!member) return undefined;
    const counts = this.#counts();
    const least = Math.min(...this.#reachable(list).map((endpoint) => counts.get(endpoint) ?? 0));
    return (counts.get(this.of(member)) ?? 0) - least > 1 ? member : undefined;
  }

  /** The figures of each endpoint in the list, and of each removed endpoint that still has members. */
  figures(): readonly EndpointHealth[] {
    const membersOf = new Map<string, Member<C>[]>(this.list?.map((endpoint) => [endpoint, []]));
    for (const member of this.members) {
      const endpoint = this.of(member);
      if (endpoint === undefined) continue;
      const others = membersOf.get(endpoint);
      if (others) others.push(member);
      else membersOf.set(endpoint, [member]);
    }
    return Object.freeze([...membersOf].map(([endpoint, members]) => Object.freeze(figuresOf(endpoint, members))));
  }

  /** The endpoints of a list without those known to be unreachable; the whole list if none remains. */
  #reachable(list: readonly string[]): readonly string[] {
    const reachable = list.filter((endpoint) => !this.unreachable.has(endpoint));
    return reachable.length > 0 ? reachable : list;
  }

  /** How many members each endpoint has. An endpoint that has left the list counts as the fullest. */
  #counts(): Map<string | undefined, number> {
    const listed = new Set<string | undefined>(this.list);
    const counts = new Map<string | undefined, number>();
    for (const member of this.members) {
      const endpoint = this.of(member);
      const hasLeft = endpoint !== undefined && !listed.has(endpoint);
      counts.set(endpoint, hasLeft ? Number.POSITIVE_INFINITY : (counts.get(endpoint) ?? 0) + 1);
    }
    return counts;
  }
}

function figuresOf<C extends Connection>(endpoint: string, members: readonly Member<C>[]): EndpointHealth {
  const count = (...phases: readonly Phase[]): number => members.filter(({ phase }) => phases.includes(phase)).length;
  return {
    endpoint,
    total: members.length,
    connecting: count('dialling'),
    connected: count('serving'),
    broken: count('broken', 'abandoned'),
    pending: members.reduce((sum, { load }) => sum + counted(load), 0),
  };
}
