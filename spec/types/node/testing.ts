import { expectTypeOf } from 'expect-type';
import {
  type FaultLink,
  type FaultProxy,
  startFaultProxy,
  startZcachedServer,
  type ZcachedGeneration,
  type ZcachedServer,
} from 'rxpool/testing/node';

export async function main(): Promise<void> {
  const server = await startZcachedServer({ generation: '2024', flaws: false });
  expectTypeOf(server).toEqualTypeOf<ZcachedServer>();
  expectTypeOf(server.port).toEqualTypeOf<number>();
  expectTypeOf<ZcachedGeneration>().toEqualTypeOf<'2024' | '2025'>();
  const proxy = await startFaultProxy({ port: server.port, toClient: { delay: () => 20, cut: 1 } });
  expectTypeOf(proxy).toEqualTypeOf<FaultProxy>();
  expectTypeOf(proxy.links).toEqualTypeOf<readonly FaultLink[]>();
  proxy.links[0]?.toClient.swallow();
  expectTypeOf(proxy.close()).toEqualTypeOf<Promise<void>>();
  // @ts-expect-error: a generation that does not exist.
  await startZcachedServer({ generation: '2023' });
  // @ts-expect-error: an option that does not exist.
  await startZcachedServer({ quirks: false });
  // @ts-expect-error: a proxy leads somewhere.
  await startFaultProxy({});
}
