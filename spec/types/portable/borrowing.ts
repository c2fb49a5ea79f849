import { expectTypeOf } from 'expect-type';
import { type Observable, of } from 'rxjs';
import { ConnectionPool, type Lease, sticky, type UseContext, type Work } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

const pool = new ConnectionPool(4, () => new ScriptedConnection());
const byName = new ConnectionPool(4, () => new ScriptedConnection(), { select: sticky((name: string) => name) });
declare const signal: AbortSignal;

// The result of the work is that of the call, awaited.
expectTypeOf(pool.use(() => 1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(pool.use(async () => 'a')).toEqualTypeOf<Promise<string>>();
expectTypeOf(pool.use((connection) => connection.send())).toEqualTypeOf<Promise<void>>();
pool.use((connection, context) => {
  expectTypeOf(connection).toEqualTypeOf<ScriptedConnection>();
  expectTypeOf(context).toEqualTypeOf<UseContext>();
  expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
});
pool.use(() => 1, { timeout: 500, waitTimeout: 100, signal });
const work: Work<ScriptedConnection, number> = async ({ dials }, { signal: _signal }) => dials;
expectTypeOf(pool.use(work)).toEqualTypeOf<Promise<number>>();
// @ts-expect-error: no work.
pool.use();
// @ts-expect-error: it is called timeout.
pool.use(() => 1, { deadline: 500 });
// @ts-expect-error: the connection has no such member.
pool.use((connection) => connection.query('select 1'));

// A key where the strategy chooses by one, and nowhere else.
byName.use(() => 1, { key: 'a' });
byName.withConnection(() => [1], { key: 'a' });
byName.lease({ key: 'a', waitTimeout: 1 });
byName.tryLease({ key: 'a' });
// @ts-expect-error: keys are strings.
byName.use(() => 1, { key: 1 });
// @ts-expect-error: keys are strings.
byName.withConnection(() => [1], { key: 1 });
// @ts-expect-error: keys are strings.
byName.lease({ key: 1 });
// @ts-expect-error: keys are strings.
byName.tryLease({ key: 1 });
// @ts-expect-error: this pool chooses without a key.
pool.use(() => 1, { key: 'a' });
// @ts-expect-error: this pool chooses without a key.
pool.lease({ key: 'a' });

// Work that is a stream may be whatever `from` takes.
expectTypeOf(pool.withConnection(() => of(1, 2))).toEqualTypeOf<Observable<number>>();
expectTypeOf(pool.withConnection(() => ['a'])).toEqualTypeOf<Observable<string>>();
expectTypeOf(pool.withConnection(async () => true)).toEqualTypeOf<Observable<boolean>>();
expectTypeOf(pool.withConnection(() => new Map([['a', 1]]))).toEqualTypeOf<Observable<[string, number]>>();
expectTypeOf(
  pool.withConnection(async function* ({ dials }, context) {
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    yield dials;
  }),
).toEqualTypeOf<Observable<number>>();
// @ts-expect-error: a number is no stream.
pool.withConnection(() => 1);

// Leases.
export async function leases(): Promise<void> {
  const lease = await pool.lease({ waitTimeout: 100, signal });
  expectTypeOf(lease).toEqualTypeOf<Lease<ScriptedConnection>>();
  expectTypeOf(lease.connection).toEqualTypeOf<ScriptedConnection>();
  expectTypeOf(lease.signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(lease.release()).toEqualTypeOf<void>();
  lease.invalidate(new Error('in the middle of a transaction'));
  expectTypeOf(pool.tryLease()).toEqualTypeOf<Lease<ScriptedConnection> | undefined>();
  // @ts-expect-error: there may be none.
  pool.tryLease().release();
  // @ts-expect-error: a lease is of one connection.
  lease.connection = new ScriptedConnection();
  // @ts-expect-error: work has a timeout, a lease has not.
  await pool.lease({ timeout: 500 });
  // @ts-expect-error: tryLease() does not wait.
  pool.tryLease({ waitTimeout: 100 });
}
