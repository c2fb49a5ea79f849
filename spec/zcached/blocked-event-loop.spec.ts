import { ConnectionPool } from 'rxpool';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { block, startWorkerServer } from '../support/worker-server.js';
import { PONG } from './raw-server.js';

describe('an event loop that stands still', () => {
  it('request({ timeout: 100 }): 8 requests answered after 30 ms succeed although the event loop is blocked for 150 ms', async () => {
    const { port } = track(await startWorkerServer(PONG, 30));
    const connection = track(new ZcachedConnection({ port }));
    await connection.connect();
    const answers: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      const next = connection.request({ command: 'PING', timeout: 100 });
      block(150);
      answers.push(await next.catch((error: Error) => error.name));
    }
    expect(answers).toEqual(Array(8).fill('PONG'));
  });

  it('use({ timeout: 100 }): 8 calls answered after 30 ms succeed although the event loop is blocked for 150 ms', async () => {
    const { port } = track(await startWorkerServer(PONG, 30));
    const pool = track(new ConnectionPool(1, () => new ZcachedConnection({ port })));
    await pool.setup();
    const answers: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      const next = pool.use((connection) => connection.request({ command: 'PING', timeout: 100 }), { timeout: 100 });
      block(150);
      answers.push(await next.catch((error: Error) => error.name));
    }
    expect(answers).toEqual(Array(8).fill('PONG'));
  });

  it('use({ timeout: 100 }): 50 calls at once, answered after 30 ms, succeed although the event loop is blocked for 150 ms', async () => {
    const { port } = track(await startWorkerServer(PONG, 30));
    const pool = track(new ConnectionPool(50, () => new ZcachedConnection({ port }), { maxDials: 50 }));
    await pool.setup();
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 50 }, () =>
        pool.use((connection) => connection.send('PING'), { timeout: 100 }).catch((error: Error) => error.name),
      );
      block(150);
      expect(await Promise.all(calls)).toEqual(Array(50).fill('PONG'));
    }
  });

  it('setup(): dials succeed although the event loop is blocked for longer than connectTimeout', async () => {
    const { port } = track(await startWorkerServer(PONG, 30));
    const connectTimeout = 400;
    const pool = track(
      new ConnectionPool(4, () => new ZcachedConnection({ port, connectTimeout }), { connectTimeout }),
    );
    const failures: unknown[] = [];
    pool.events$.subscribe((event) => {
      if (event.type === 'connect-failed') failures.push(event.cause);
    });
    const setup = pool.setup();
    block(600);
    await setup;
    expect([failures, pool.health.connected]).toEqual([[], 4]);
  });
});
