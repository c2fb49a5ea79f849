// With exactOptionalPropertyTypes and without: an option may be named and left undefined.
import { ConnectionPool, exponentialBackoff, leastLoaded, reconnectBroken } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

export async function named(signal: AbortSignal | undefined, milliseconds: number | undefined): Promise<void> {
  const pool = new ConnectionPool(1, () => new ScriptedConnection({ name: undefined }), {
    connectTimeout: milliseconds,
    heal: (broken$) => broken$.pipe(reconnectBroken({ backoff: exponentialBackoff({ max: milliseconds }) })),
    select: leastLoaded({ slowStart: milliseconds }),
    warmup: undefined,
    scheduler: undefined,
  });
  pool.reconfigure({ poolSize: milliseconds, select: undefined, policies: undefined });
  await pool.setup({ signal });
  await pool.use((connection) => connection.send(), { signal, timeout: milliseconds, waitTimeout: milliseconds });
  await pool.renew({ connections: undefined, drainTimeout: milliseconds, signal });
  await pool.ready({ min: undefined, timeout: milliseconds, signal });
  pool.removeConnections([], { drainTimeout: milliseconds });
  await pool.close({ drainTimeout: milliseconds, signal });
}
