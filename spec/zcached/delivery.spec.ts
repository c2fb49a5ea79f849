import { startZcachedServer } from 'rxpool/testing/node';
import { RequestAbortedError, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { scaled } from '../support/scales.js';
import { anySeed, seeded } from '../support/seeded.js';
import { turns, until } from '../support/until.js';

const REQUESTS = scaled('deliveries');
const seed = anySeed();

it.each([1, 8])(
  `${REQUESTS} requests, %d in flight, with random cuts, timeouts and aborts: each settles once, with its own reply (SEED=${seed})`,
  async (pipelining) => {
    const chance = seeded(seed);
    const server = track(await startZcachedServer());
    const connections = Array.from({ length: 4 }, () =>
      track(new ZcachedConnection({ port: server.port, requestTimeout: 2000, pipelining })),
    );
    await Promise.all(connections.map((connection) => connection.connect()));
    const tally = { right: 0, wrong: 0, failed: 0 };
    const seen = new Map<string, number>();

    const ask = async (connection: ZcachedConnection, nonce: string): Promise<void> => {
      const controller = chance() < 0.05 ? new AbortController() : undefined;
      const timeout = chance() < 0.05 ? 1 : undefined;
      if (controller) setImmediate(() => controller.abort());
      try {
        const reply = await connection.request({ command: 'ECHO', args: [nonce], signal: controller?.signal, timeout });
        tally[reply === nonce ? 'right' : 'wrong']++;
      } catch (error) {
        expect(error).toMatchObject({ sent: expect.stringMatching(/^(never|maybe)$/) });
        tally.failed++;
      }
      seen.set(nonce, (seen.get(nonce) ?? 0) + 1);
    };

    const asked: Promise<void>[] = [];
    for (let count = 0; count < REQUESTS; count++) {
      const connection = connections[Math.floor(chance() * connections.length)]!;
      if (connection.state === 'broken') {
        // A silent server would have the dial wait for all of its timeout.
        server.resume();
        await connection.connect().catch(() => {});
      }
      asked.push(ask(connection, `nonce-${count}`));
      if (chance() < 0.002) server.cutConnections(1);
      if (chance() < 0.002) server.pause();
      if (chance() < 0.02) server.resume();
      if (chance() < 0.2) await turns(1);
    }
    server.resume();
    await Promise.all(asked);

    expect(tally.wrong).toBe(0);
    expect(tally.right + tally.failed).toBe(REQUESTS);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    // Neither all luck nor all misery, or the test shows nothing.
    expect(tally.right).toBeGreaterThan(REQUESTS / 4);
    expect(tally.failed).toBeGreaterThan(REQUESTS / 400);
    // The replies of requests that were given up are still owed.
    await until(() => connections.every(({ pending }) => pending === 0));
  },
  120_000,
);

it(`3,000 requests, cut off by aborts behind a slow server: late replies reach no other request (SEED=${seed})`, async () => {
  const chance = seeded(seed);
  const server = track(await startZcachedServer({ latency: 1 }));
  const connections = Array.from({ length: 8 }, () => track(new ZcachedConnection({ port: server.port })));
  await Promise.all(connections.map((connection) => connection.connect()));
  const tally = { right: 0, wrong: 0, aborted: 0 };
  const caller = async (index: number): Promise<void> => {
    const connection = connections[index % connections.length]!;
    for (let count = 0; count < 3000 / 24; count++) {
      const nonce = `${index}-${count}`;
      const controller = new AbortController();
      const reply = connection.request({ command: 'ECHO', args: [nonce], signal: controller.signal });
      const aborting = (async () => {
        await turns(chance() * 20);
        if (chance() < 0.5) controller.abort();
      })();
      try {
        tally[(await reply) === nonce ? 'right' : 'wrong']++;
      } catch (error) {
        expect(error).toBeInstanceOf(RequestAbortedError);
        tally.aborted++;
      }
      await aborting;
    }
  };
  await Promise.all(Array.from({ length: 24 }, (_, index) => caller(index)));
  expect(tally.right + tally.aborted).toBe(3000);
  // Which is more depends on the machine; neither may be missing.
  expect(tally.right).toBeGreaterThan(50);
  expect(tally.aborted).toBeGreaterThan(50);
  await until(() => connections.every(({ pending }) => pending === 0));
  expect([tally.wrong, ...connections.map(({ pending, state }) => `${pending} ${state}`)]).toEqual([
    0,
    ...connections.map(() => '0 connected'),
  ]);
}, 120_000);
