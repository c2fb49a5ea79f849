import { once } from 'node:events';
import type { Socket } from 'node:net';
import { ConnectionPool } from 'rxpool';
import { track } from '../support/cleanup.js';
import { NetConnection } from '../support/net-connection.js';
import { block, startWorkerServer } from '../support/worker-server.js';

async function greet(socket: Socket, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    socket.write('hello');
    await once(socket, 'data');
  }
}

/** A connection that is up when the server has answered three times: its dial takes several turns of the event loop. */
class GreetedConnection extends NetConnection {
  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = await super.open(signal);
    await greet(socket, 3);
    return socket;
  }

  greetAgain(): Promise<void> {
    return greet(this.transport as Socket, 3);
  }
}

describe('dials while the event loop stands still for longer than connectTimeout', () => {
  it('setup(): dials and warm-ups that take several turns of the event loop succeed', async () => {
    const { port } = track(await startWorkerServer('hello', 5));
    let warmups = 0;
    const pool = new ConnectionPool(2, () => new GreetedConnection(port), {
      connectTimeout: 400,
      warmup: (connection) => {
        if (++warmups === 1) setImmediate(() => block(600));
        return connection.greetAgain();
      },
    });
    track({ close: () => pool.dispose() });
    const failures: unknown[] = [];
    pool.events$.subscribe((event) => {
      if (event.type === 'connect-failed') failures.push(event.cause);
    });
    const setup = pool.setup();
    block(600);
    await setup;
    expect([failures, pool.health.connected]).toEqual([[], 2]);
  });
});
