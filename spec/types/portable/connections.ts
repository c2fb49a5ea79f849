import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import {
  type AdaptedConnection,
  type AdaptedFactory,
  adapt,
  BaseConnection,
  type Connection,
  ConnectionPool,
  type ConnectionState,
  type Outcome,
} from 'rxpool';
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

// Any client, by what makes it: `create` and `connect`, or `open`. The other functions know its type.
class Client {
  readonly isReady: boolean = true;
  get(key: string): Promise<string> {
    return Promise.resolve(key);
  }
}
const created = adapt({
  create: ({ endpoint }) => {
    expectTypeOf(endpoint).toEqualTypeOf<string | undefined>();
    return new Client();
  },
  name: 'a',
  endpoint: (requested) => requested ?? 'a:1',
  connect: (client, { signal }) => {
    expectTypeOf(client).toEqualTypeOf<Client>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  },
  watch: (client, { lost, draining, capacity, pending }) => [client.isReady, lost, draining, capacity, pending],
  close: (client) => client.isReady,
  alive: (client) => client.isReady,
  ping: (client) => client.get('a'),
  classify: (error, client) => (error instanceof Error && client.isReady ? 'answer' : undefined),
});
expectTypeOf(created).toEqualTypeOf<AdaptedFactory<Client>>();
const opened = adapt({
  open: async ({ signal }) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return new Client();
  },
  close: (client) => client.get('a'),
});
expectTypeOf(opened).toEqualTypeOf<AdaptedFactory<Client>>();
expectTypeOf(created()).toMatchTypeOf<Connection>();
const adapted = new ConnectionPool(1, created, { policies: [] });
expectTypeOf(adapted).toEqualTypeOf<ConnectionPool<AdaptedConnection<Client>>>();
expectTypeOf(adapted.use(({ client }) => client.get('a'))).toEqualTypeOf<Promise<string>>();
// @ts-expect-error: a client has to be closed.
adapt({ open: () => new Client() });
// @ts-expect-error: and connected.
adapt({ create: () => new Client(), close: () => {} });
// @ts-expect-error: either way to make it.
adapt({ create: () => new Client(), open: () => new Client(), connect: () => {}, close: () => {} });
// @ts-expect-error: a member that does not exist.
adapt({ open: () => new Client(), close: () => {}, validate: () => true });

// A connection that a test scripts.
const connection = new ScriptedConnection({ name: 'a', onDial: 'wait' });
expectTypeOf(connection).toMatchTypeOf<Connection>();
expectTypeOf(connection.onDial).toEqualTypeOf<'accept' | 'refuse' | 'wait'>();
// @ts-expect-error: a script that does not exist.
connection.onDial = 'hang';
// @ts-expect-error: an option that does not exist.
new ScriptedConnection({ title: 'a' });
