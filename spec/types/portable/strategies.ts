import { expectTypeOf } from 'expect-type';
import { map, type Observable, type OperatorFunction } from 'rxjs';
import {
  type Connection,
  ConnectionPool,
  leastLoaded,
  type Picker,
  peakEwma,
  powerOfTwoChoices,
  preferred,
  roundRobin,
  type Strategy,
  sticky,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

declare const connected$: Observable<readonly ScriptedConnection[]>;
declare const names$: Observable<readonly string[]>;

// A strategy is an operator from connections to pickers.
expectTypeOf<Strategy<ScriptedConnection, string>>().toEqualTypeOf<
  OperatorFunction<readonly ScriptedConnection[], Picker<ScriptedConnection, string>>
>();
expectTypeOf(connected$.pipe(leastLoaded())).toEqualTypeOf<Observable<Picker<ScriptedConnection>>>();
expectTypeOf(connected$.pipe(roundRobin())).toEqualTypeOf<Observable<Picker<ScriptedConnection>>>();
expectTypeOf(connected$.pipe(powerOfTwoChoices())).toEqualTypeOf<Observable<Picker<ScriptedConnection>>>();
expectTypeOf(connected$.pipe(peakEwma({ decay: 5_000 }))).toEqualTypeOf<Observable<Picker<ScriptedConnection>>>();
expectTypeOf(connected$.pipe(sticky((key: number) => String(key)))).toEqualTypeOf<
  Observable<Picker<ScriptedConnection, number>>
>();
expectTypeOf(connected$.pipe(preferred(({ endpoint }) => endpoint === 'a', { spillOver: 4 }))).toEqualTypeOf<
  Observable<Picker<ScriptedConnection>>
>();
// @ts-expect-error: names are no connections.
names$.pipe(leastLoaded());

// Options see the connection.
connected$.pipe(leastLoaded({ weight: ({ dials }) => dials }));
sticky((key: string) => key, { idOf: (connection: ScriptedConnection) => connection.name });
// @ts-expect-error: a key becomes a string.
sticky((key: number) => key);
// @ts-expect-error: an option that does not exist.
leastLoaded({ weigh: () => 1 });
// @ts-expect-error: a connection has no such member.
leastLoaded<ScriptedConnection>({ weight: ({ cores }) => cores });

// A picker asks for a key where the strategy chooses by one.
declare const picker: Picker<ScriptedConnection>;
declare const keyed: Picker<ScriptedConnection, string>;
expectTypeOf(picker.pick()).toEqualTypeOf<ScriptedConnection | undefined>();
expectTypeOf(picker.peek()).toEqualTypeOf<ScriptedConnection | undefined>();
expectTypeOf(keyed.pick('a', (connection) => connection.dials > 0)).toEqualTypeOf<ScriptedConnection | undefined>();
expectTypeOf(picker.size).toEqualTypeOf<number>();
// @ts-expect-error: no key.
keyed.pick();
// @ts-expect-error: a key of another type.
keyed.pick(1);
// @ts-expect-error: pick() says how many there are by its size alone.
picker.size = 1;

// A strategy of one's own, for connections of any kind and without a key.
const first =
  <C extends Connection>(): Strategy<C> =>
  (source) =>
    source.pipe(map((all) => ({ size: all.length, pick: () => all[0], peek: () => all[0] })));
expectTypeOf(new ConnectionPool(1, () => new ScriptedConnection(), { select: first() })).toEqualTypeOf<
  ConnectionPool<ScriptedConnection>
>();

// And one that chooses by a key.
const nth: Strategy<ScriptedConnection, number> = map((all) => ({
  size: all.length,
  pick: (index) => all[index],
  peek: (index) => all[index],
}));
const pool = new ConnectionPool(1, () => new ScriptedConnection(), { select: nth });
expectTypeOf(pool).toEqualTypeOf<ConnectionPool<ScriptedConnection, number>>();
const zoned = first<ScriptedConnection & { readonly zone: string }>();
// @ts-expect-error: it picks connections of another kind.
new ConnectionPool(1, () => new ScriptedConnection(), { select: zoned });
// @ts-expect-error: a picker has three members.
export const bare: Strategy<ScriptedConnection> = map((all) => ({ pick: () => all[0] }));
