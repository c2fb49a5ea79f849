import { Observable, type Subscription, tap } from 'rxjs';
import { checkChoice } from '../checks.js';
import { forEachMember } from '../streams/for-each-member.js';
import { CONNECTION_STATES, type Connection, type ConnectionState } from './connection.js';
import { releaseRecord, retainRecord } from './observe-connection.js';
import type { ConnectionRecord } from './record.js';

/**
 * Turns a stream of arrays of connections into the stream of those in the given state: the first step of a pool of your
 * own. Emits a frozen array, in the order of the source: at once for the first array, then for each change of the
 * result. Completes and errors with the source.
 *
 * ```text
 * source:                --[a,b]-----------------[b,c]---
 * inState('connected'):  --[]------[a]----[a,b]--[b]-----   (a connects, b connects)
 * ```
 *
 * @throws TypeError, RangeError for an unknown state.
 * @example
 * ```ts
 * const all$ = new BehaviorSubject<readonly ScriptedConnection[]>([new ScriptedConnection()]);
 * const connected$ = all$.pipe(inState('connected'));
 * connected$.pipe(leastLoaded()).subscribe((picker) => console.log(picker.size));
 * ```
 */
export function inState<C extends Connection>(
  state: ConnectionState,
): (source: Observable<readonly C[]>) => Observable<readonly C[]> {
  checkChoice('state', state, CONNECTION_STATES);
  return (source) =>
    new Observable((subscriber) => {
      const records = new Map<C, ConnectionRecord<C>>();
      let all: readonly C[] = [];
      let latest: readonly C[] | undefined;
      const emit = (): void => {
        const next = all.filter((connection) => records.get(connection)?.state === state);
        if (latest?.length === next.length && next.every((connection, place) => connection === latest?.[place])) return;
        latest = Object.freeze(next);
        subscriber.next(latest);
      };
      const followed = source.pipe(
        tap((connections) => {
          all = [...new Set(connections)];
        }),
      );
      const enter = (connection: C, presence: Subscription): void => {
        const record = retainRecord(connection);
        records.set(connection, record);
        presence.add(record.listen({ onState: emit }));
        presence.add(() => {
          records.delete(connection);
          releaseRecord(connection);
        });
      };
      forEachMember(followed, subscriber, enter, emit);
    });
}
