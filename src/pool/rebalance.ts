import {
  auditTime,
  catchError,
  defer,
  EMPTY,
  exhaustMap,
  from,
  ignoreElements,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  startWith,
  tap,
  timer,
} from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { nextWait } from '../healing/backoff.js';
import { exponentialBackoff } from '../healing/exponential-backoff.js';
import type { Endpoints } from '../membership/endpoints.js';
import { evictionOrder } from '../membership/eviction-order.js';
import type { Member } from '../membership/member.js';
import { CommandFailure } from '../streams/run-command.js';

/**
 * Milliseconds from a change to the first move. An endpoint that is removed and added again within it causes no move.
 */
const SETTLING = 1_000;

const backoff = exponentialBackoff({ initial: 500, max: 30_000 });

/**
 * Moves members to other endpoints, one at a time, until the endpoints are balanced. Checks the balance when the list
 * changes and when members join or leave. A failed move is reported. Its endpoint is skipped until the rest is
 * balanced, then tried again after a backoff.
 *
 * @param move - puts another connection in the place of a member; resolves when the next one may be moved.
 */
export function rebalance<C extends Connection>(
  endpoints: Endpoints<C>,
  move: (member: Member<C>) => Promise<void>,
  scheduler: SchedulerLike,
): Observable<CommandFailure> {
  const { unreachable } = endpoints;
  const next = (): Member<C> | undefined => endpoints.misplaced(evictionOrder(endpoints.members, true));
  const moveAll = (): Observable<CommandFailure> => {
    let failures = 0;
    let wait = 0;
    const moveOne = (): Observable<CommandFailure> => {
      const member = next();
      if (!member) return EMPTY;
      const target = endpoints.assigner(member.connection, endpoints.list ?? [])();
      const moved = move(member).then(() => {
        failures = 0;
      });
      return from(moved).pipe(
        ignoreElements(),
        catchError((cause: unknown) => {
          if (target !== undefined) unreachable.add(target);
          return of(new CommandFailure(cause));
        }),
      );
    };
    /** Unreachable endpoints are tried again when nothing else is left to do. */
    const pause = (): Observable<unknown> => {
      if (unreachable.size === 0 || (next() && unreachable.size < (endpoints.list?.length ?? 0))) {
        return next() ? timer(0, scheduler) : EMPTY;
      }
      wait = nextWait(backoff, ++failures, wait);
      return timer(wait, scheduler).pipe(tap(() => unreachable.clear()));
    };
    return defer(moveOne).pipe(repeat({ delay: pause }));
  };
  return endpoints.changed$.pipe(startWith(undefined), auditTime(SETTLING, scheduler), exhaustMap(moveAll));
}
