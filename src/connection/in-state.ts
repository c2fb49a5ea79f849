import { Observable, type Subscription } from 'rxjs';
import { checkChoice } from '../checks.js';
import { forEachMember } from '../streams/for-each-member.js';
import { CONNECTION_STATES, type Connection, type ConnectionState } from './connection.js';
import { releaseRecord, retainRecord } from './observe-connection.js';
import type { ConnectionRecord } from './record.js';

/**
 * Turns a stream of arrays of connections into the stream of those in a state: the beginning of a pool of one's own.
 * Emits a new frozen array, in the order of the source, for each array of the source and for each change of a state
 * that changes the result. Completes and errors with the source.
 *
 * ```text
 * source:                --[a,b]-----------------[a,b,c]--
 * inState('connected'):  --[]------[a]----[a,b]--[a,b]----   (a connects, b connects)
 * ```
 *
 * @throws TypeError, RangeError for what is no state.
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
      /** In the order of the source, as far as connections enter at its end. */
      const records = new Map<C, ConnectionRecord<C>>();
      let latest: readonly C[] | undefined;
      const emit = (): void => {
        const matching = [...records.values()].filter((record) => record.state === state);
        const next = matching.map(({ connection }) => connection);
        if (latest?.length === next.length && next.every((connection, place) => connection === latest?.[place])) return;
        latest = Object.freeze(next);
        subscriber.next(latest);
      };
      const enter = (connection: C, stay: Subscription): void => {
        const record = retainRecord(connection);
        records.set(connection, record);
        stay.add(record.listen({ onState: emit }));
        stay.add(() => {
          records.delete(connection);
          releaseRecord(connection);
        });
      };
      forEachMember(source, subscriber, enter, emit);
    });
}
