import { ConnectionPool } from 'rxpool';
import { SubjectConnection } from './connections.js';

/** Misuses a pool: no subscriber, promises not awaited, and dials, closings and streams that fail. */
async function main(): Promise<void> {
  let alarms = 0;
  for (const alarm of ['unhandledRejection', 'uncaughtException', 'warning', 'rejectionHandled'] as const) {
    process.on(alarm, () => alarms++);
  }
  const made: SubjectConnection[] = [];
  const pool = new ConnectionPool(20, () => {
    const connection = new SubjectConnection({ onDial: made.length % 3 === 0 ? 'refuse' : 'accept' });
    connection.onClose = (['settle', 'reject', 'throw'] as const)[made.length % 3] ?? 'settle';
    made.push(connection);
    return connection;
  });
  const { signal } = new AbortController();
  for (let round = 0; round < 20; round++) {
    await pool.setup({ signal });
    void pool.use(() => Promise.resolve(round), { signal, timeout: 60_000 });
    made.at(-1)?.lose();
    made.at(-2)?.state$.error(new Error('stream'));
    made.at(-3)?.pending$.next(-1);
    void pool.reconnect(round % 2 === 0);
    void pool.extendPoolBySize(1);
    pool.reducePoolConnections(1, true);
    void pool.close({ drainTimeout: 0 });
  }
  await pool.dispose();
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`alarms: ${alarms}`);
  console.log(`status: ${pool.health.status}`);
  console.log(`observed: ${made.some(({ observed }) => observed)}`);
}

void main();
