import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import { BaseConnection, type Connection, ConnectionPool, type ConnectionState, type Outcome } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

declare const state$: Observable<ConnectionState>;
declare const pending$: Observable<number>;
declare const nothing: () => Promise<void>;

// Four members make a connection.
const minimal = { state$, pending$, connect: nothing, close: nothing };
expectTypeOf(minimal).toMatchTypeOf<Connection>();
expectTypeOf(new ConnectionPool(1, () => minimal)).toEqualTypeOf<ConnectionPool<typeof minimal>>();

class Plain {
  declare readonly state$: Observable<ConnectionState>;
  declare readonly pending$: Observable<number>;
  async connect(): Promise<void> {}
  async close(): Promise<void> {}
  query(text: string): string {
    return text;
  }
}
expectTypeOf(new ConnectionPool(1, () => new Plain())).toEqualTypeOf<ConnectionPool<Plain>>();

// Each of the four is required.
// @ts-expect-error: no state$.
new ConnectionPool(1, () => ({ pending$, connect: nothing, close: nothing }));
// @ts-expect-error: no pending$.
new ConnectionPool(1, () => ({ state$, connect: nothing, close: nothing }));
// @ts-expect-error: no connect().
new ConnectionPool(1, () => ({ state$, pending$, close: nothing }));
// @ts-expect-error: no close().
new ConnectionPool(1, () => ({ state$, pending$, connect: nothing }));
// @ts-expect-error: a state that does not exist.
new ConnectionPool(1, () => ({ ...minimal, state$: state$ as Observable<ConnectionState | 'open'> }));
// @ts-expect-error: connect() returns a promise.
new ConnectionPool(1, () => ({ ...minimal, connect: () => {} }));

// The others are optional, and of a type where they are there.
expectTypeOf<Connection['cause']>().toEqualTypeOf<unknown>();
expectTypeOf<NonNullable<Connection['capacity$']>>().toEqualTypeOf<Observable<number>>();
expectTypeOf<NonNullable<Connection['outcomes$']>>().toEqualTypeOf<Observable<Outcome>>();
expectTypeOf<Outcome>().toEqualTypeOf<{ readonly ok: boolean; readonly durationMs: number }>();
// @ts-expect-error: the capacity is a number.
export const wordy: Connection = { ...minimal, capacity$: state$ };

// A base class to write only how a transport is opened and shut.
class Echo extends BaseConnection<object> {
  protected async open(signal: AbortSignal): Promise<object> {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return {};
  }

  protected shut(transport: object): void {
    if (transport === this.transport) this.lost(transport, new Error('shut'));
  }

  echo(): void {
    this.begin();
    this.end();
  }
}
const echo = new Echo();
expectTypeOf(echo).toMatchTypeOf<Connection>();
expectTypeOf(echo.state$).toEqualTypeOf<Observable<ConnectionState>>();
// @ts-expect-error: what is protected is for subclasses.
echo.begin();
// @ts-expect-error: open() and shut() have to be written.
export class Half extends BaseConnection<object> {}

// A connection that a test scripts.
const connection = new ScriptedConnection({ name: 'a', onDial: 'wait' });
expectTypeOf(connection).toMatchTypeOf<Connection>();
expectTypeOf(connection.onDial).toEqualTypeOf<'accept' | 'refuse' | 'wait'>();
// @ts-expect-error: a script that does not exist.
connection.onDial = 'hang';
// @ts-expect-error: an option that does not exist.
new ScriptedConnection({ title: 'a' });
