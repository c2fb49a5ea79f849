import { type Connection, isUpState } from '../connection/connection.js';
import type { Endpoints } from './endpoints.js';
import type { Member, Phase } from './member.js';

/** The phases in the order in which a shrinking pool removes members. */
const EVICTION_ORDER: readonly (readonly Phase[])[] = [
  ['broken', 'abandoned'],
  ['fresh'],
  ['dialling'],
  ['draining', 'ejected', 'serving'],
];

/**
 * The members that leave when a pool shrinks by `excess`. Members without load come first, in the order of their phases
 * and the latest joined first. With `includeBusy` the others follow, the least loaded first. Among all of these,
 * members of the endpoint with the most members come first.
 */
export function selectForEviction<C extends Connection>(
  members: Iterable<Member<C>>,
  excess: number,
  includeBusy: boolean,
  endpoints: Endpoints<C>,
): Member<C>[] {
  return excess <= 0 ? [] : endpoints.mostFirst(evictionOrder(members, includeBusy)).slice(0, excess);
}

/** Members in the order in which a pool without endpoints removes them. */
export function evictionOrder<C extends Connection>(members: Iterable<Member<C>>, includeBusy: boolean): Member<C>[] {
  const latestFirst = [...members].reverse();
  // A connection that is not up has no work to finish.
  const isBusy = (member: Member<C>): boolean => member.load > 0 && isUpState(member.record.state);
  const idle = EVICTION_ORDER.flatMap((kind) =>
    latestFirst.filter((member) => kind.includes(member.phase) && !isBusy(member)),
  );
  const busy = includeBusy ? latestFirst.filter(isBusy).sort((a, b) => a.load - b.load) : [];
  return [...idle, ...busy];
}
