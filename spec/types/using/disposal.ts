// For TypeScript that knows `using`, 5.2 and later, with `lib: esnext.disposable`.
import { expectTypeOf } from 'expect-type';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient } from 'rxpool/zcached';

export async function main(): Promise<void> {
  await using pool = new ConnectionPool(1, () => new ScriptedConnection());
  using lease = await pool.lease();
  using spare = pool.tryLease();
  expectTypeOf(lease[Symbol.dispose]()).toEqualTypeOf<void>();
  expectTypeOf(pool[Symbol.asyncDispose]()).toEqualTypeOf<Promise<void>>();
  lease.connection.send();
  spare?.connection.send();

  await using server = await startZcachedServer();
  await using proxy = await startFaultProxy({ port: server.port });
  await using client = await ZcachedClient.connect(`zcached://127.0.0.1:${proxy.port}`);
  await client.ping();

  // @ts-expect-error: closing a pool takes a while, so it is disposed of by `await using`.
  using abrupt = new ConnectionPool(1, () => new ScriptedConnection());
  expectTypeOf(abrupt.poolSize).toEqualTypeOf<number>();
}
