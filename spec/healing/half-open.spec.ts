import { once } from 'node:events';
import type { Socket } from 'node:net';
import { filter, firstValueFrom, takeWhile, toArray } from 'rxjs';
import { CommandFailure, ConnectionPool, type Validation, ValidationError, validateIdle } from 'rxpool';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { PONG, startRawServer } from '../zcached/raw-server.js';

const INTERVAL = 200;
const TIMEOUT = 100;
/** Allowance for timers on a busy machine. */
const SLACK = 1_000;

describe('validateIdle() over real sockets', () => {
  it('validateIdle(): of three peers finds and removes only the silent one, within interval + timeout', async () => {
    const silent = new Set<Socket>();
    const server = track(
      await startRawServer((socket, requests) =>
        requests(() => {
          if (!silent.has(socket)) socket.write(PONG);
        }),
      ),
    );
    const pool = track(new ConnectionPool(3, () => new ZcachedConnection({ port: server.port })));
    await pool.setup();
    const [mute] = server.sockets as readonly [Socket, ...Socket[]];
    const hungUp = once(mute, 'end');

    const since = performance.now();
    silent.add(mute);
    const validation$ = pool.connected$.pipe(
      validateIdle(
        (connection, { signal }) => connection.request({ command: 'PING', signal }),
        (connection) => pool.removeConnections([connection]),
        { interval: INTERVAL, timeout: TIMEOUT },
      ),
      filter((value): value is Validation<ZcachedConnection> => !(value instanceof CommandFailure)),
    );
    const validations = await firstValueFrom(
      validation$.pipe(
        takeWhile(({ ok }) => ok, true),
        toArray(),
      ),
    );
    const took = performance.now() - since;

    expect(took).toBeGreaterThanOrEqual(INTERVAL + TIMEOUT - 5);
    expect(took).toBeLessThan(INTERVAL + TIMEOUT + SLACK);
    await hungUp;
    const found = validations.pop();
    expect(found).toMatchObject({ ok: false, cause: expect.any(ValidationError) });
    const well = new Set(validations.map(({ connection }) => connection));
    expect([well.size, found && well.has(found.connection)]).toEqual([2, false]);
    expect(pool.connectedConnections.map((connection) => well.has(connection))).toEqual([true, true]);
    for (const connection of well) expect(await connection.send('PING')).toBe('PONG');
  });
});
