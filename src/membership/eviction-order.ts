import { type Connection, isUpState } from '../connection/connection.js';
import type { Endpoints } from './endpoints.js';
import type { Member, Phase } from './member.js';

/** The kinds of member in the order in which a shrinking pool parts with them. */
const EVICTION_ORDER: readonly (readonly Phase[])[] = [
  ['broken', 'abandoned'],
  ['fresh'],
  ['dialling'],
  ['draining', 'ejected', 'serving'],
];

/**
 * The members that leave when a pool shrinks by `excess`: those that carry nothing, the latest joined first within
 * each kind; with `includeBusy` the others as well, those with the least load first. Of all these, those from the
 * endpoint with the most members come first.
 */
export function selectForEviction<C extends Connection>(
  members: Iterable<Member<C>>,
  excess: number,
  includeBusy: boolean,
  endpoints: Endpoints<C>,
): Member<C>[] {
  return excess <= 0 ? [] : endpoints.mostFirst(evictionOrder(members, includeBusy)).slice(0, excess);
}

/** Members in the order in which a pool without endpoints parts with them. */
export function evictionOrder<C extends Connection>(members: Iterable<Member<C>>, includeBusy: boolean): Member<C>[] {
  const latestFirst = [...members].reverse();
  // A connection that is not up has nothing to finish.
  const isBusy = (member: Member<C>): boolean => member.load > 0 && isUpState(member.record.state);
  const idle = EVICTION_ORDER.flatMap((kind) =>
    latestFirst.filter((member) => kind.includes(member.phase) && !isBusy(member)),
  );
  const busy = includeBusy ? latestFirst.filter(isBusy).sort((a, b) => a.load - b.load) : [];
  return [...idle, ...busy];
}
