import { DOCUMENT, inject } from '@angular/core';
import { constantBackoff, reconnectBroken } from 'rxpool';
import type { PoolSettings } from 'rxpool/angular';
import { EchoConnection } from './echo-connection.js';

/** The server is at the port that the address of the page names. */
export function settings(): PoolSettings<EchoConnection> {
  const port = new URL(inject(DOCUMENT).location.href).searchParams.get('port');
  return {
    poolSize: 2,
    connectionFactory: () => new EchoConnection(`ws://127.0.0.1:${port}`),
    options: { heal: reconnectBroken({ backoff: constantBackoff(50) }) },
  };
}
