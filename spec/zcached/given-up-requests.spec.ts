import { ConnectionPool } from 'rxpool';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { PONG, startRawServer } from './raw-server.js';

describe('A request whose caller has given up', () => {
  it('pool.use({ timeout }): KEYS that is still being worked on keeps its connection loaded, and later requests go elsewhere', async () => {
    // Answers everything at once but KEYS, which it never answers, nor anything behind it.
    const server = track(
      await startRawServer((socket, requests) => {
        let isBusy = false;
        requests((frame) => {
          isBusy ||= frame.includes('KEYS');
          if (!isBusy) socket.write(frame.includes('PING') ? PONG : '+OK\r\n\x03');
        });
      }),
    );
    const pool = track(
      new ConnectionPool(4, () => new ZcachedConnection({ port: server.port, requestTimeout: 60_000 })),
    );
    await pool.setup();
    await expect(pool.use((one) => one.request({ command: 'KEYS', timeout: 50 }))).rejects.toMatchObject({
      code: 'ERR_REQUEST_TIMEOUT',
      sent: 'maybe',
    });
    expect(pool.health).toMatchObject({ pending: 1, used: 1, idle: 3 });
    const taken: number[] = [];
    for (let i = 0; i < 40; i++) {
      const began = performance.now();
      await pool.use((one) => one.request({ command: 'GET', args: ['k'], timeout: 5_000 }));
      taken.push(performance.now() - began);
    }
    expect(Math.max(...taken)).toBeLessThan(1_000);
    expect(pool.health.pending).toBe(1);
  });
});
