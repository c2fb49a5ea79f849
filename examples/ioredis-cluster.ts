// A cluster that routes by key stays with its own client. A pool of such clients over three nodes, one of which is killed.
//
// One needs no pool where one client does: it pipelines, redirects and dials its nodes again, and one for a process is
// what its authors mean. A pool around it (of one, too) adds what it lacks: deadlines and signals for calls, a bounded
// queue, health and events. More than one pays where commands block their connection, as BLPOP, WATCH or large replies.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ConnectionPool } from 'rxpool';
import { ioredisCluster } from './adapters/ioredis-cluster.js';
import { busPortOf, REDIS_CLUSTER_NODE, type RunningServer, withServer } from './adapters/server.js';

const SLOTS = 16_384;
const host = '127.0.0.1';
const keys = Array.from({ length: 30 }, (_, number) => `key:${number}`);

/** Gives each node a third of the slots, and has all of them know each other. */
async function join(servers: readonly RunningServer[]): Promise<void> {
  const nodes = servers.map(({ port }) => new Redis(port, host));
  for (const [index, node] of nodes.entries()) {
    const [from, to] = [index, index + 1].map((third) => Math.floor((SLOTS * third) / nodes.length)) as [
      number,
      number,
    ];
    await node.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    for (const { port } of servers) await node.call('CLUSTER', 'MEET', host, port, busPortOf(port));
  }
  for (const node of nodes) {
    while (!/cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await node.call('CLUSTER', 'INFO'))))
      await sleep(50);
    node.disconnect();
  }
}

async function run(servers: readonly RunningServer[]): Promise<void> {
  await join(servers);
  const nodes = servers.map(({ port }) => ({ host, port }));
  const pool = new ConnectionPool(2, ioredisCluster(nodes));
  await pool.setup();
  pool.events$.subscribe(({ type }) => {
    if (type === 'lost' || type === 'connected') console.log('event:', type);
  });

  /** How many keys are read within the deadline of a call. */
  const read = async (): Promise<number> => {
    const reads = keys.map((key) => pool.use(({ client }) => client.get(key), { timeout: 1_000 }));
    return (await Promise.allSettled(reads)).filter(({ status }) => status === 'fulfilled').length;
  };
  const tell = async (what: string): Promise<void> => {
    const answered = await read();
    const { status, connected } = pool.health;
    console.log(`${what}: ${answered} of ${keys.length} keys; ${status}, ${connected} connected`);
  };
  for (const key of keys) await pool.use(({ client }) => client.set(key, 'value'), { timeout: 1_000 });
  await tell('three nodes');

  // The clients are up, so the pool does nothing: keys of the other nodes are read as before, and those of this one fail,
  // by the deadline of their call at the latest.
  await servers[0]?.kill();
  await tell('one is killed');
  await servers[0]?.restart();
  while ((await read()) < keys.length) await sleep(100);
  await tell('and back');

  // Only when the last node is gone have the clients an end, which the pool sees: it dials until the cluster is back.
  for (const server of servers) await server.kill();
  while (pool.isWorking()) await read();
  for (const server of servers) await server.restart();
  while ((await read()) < keys.length) await sleep(100);
  await tell('all were killed, and are back');
  await pool.dispose();
}

void withServer(REDIS_CLUSTER_NODE, (first) =>
  withServer(REDIS_CLUSTER_NODE, (second) => withServer(REDIS_CLUSTER_NODE, (third) => run([first, second, third]))),
);
