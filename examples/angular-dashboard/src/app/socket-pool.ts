import type { EnvironmentProviders } from '@angular/core';
import { circuitBreaker, exponentialBackoff, reconnectBroken, resilient } from 'rxpool';
import { connectionPoolToken, provideConnectionPool } from 'rxpool/angular';
import { WebSocketConnection } from 'rxpool/websocket';

/** What the WebSocket server of the application is asked; the connection adds an id. */
interface SocketRequest {
  readonly method: 'work' | 'ping';
}

interface SocketReply {
  readonly id: number;
  readonly result: string;
}

export type SocketConnection = WebSocketConnection<SocketRequest, SocketReply>;

/** The token of the pool that lives in the page. */
export const SOCKET_POOL = connectionPoolToken<SocketConnection>('sockets');

/** Tells this page from others that have the same server. */
const page = crypto.getRandomValues(new Uint32Array(1)).at(0)?.toString(36);

/** What the server calls a connection of this page. */
export const socketId = (name: string): string => `${page}.${name}`;

function socketFactory(): () => SocketConnection {
  let count = 0;
  return () => {
    const name = `socket-${++count}`;
    return new WebSocketConnection<SocketRequest, SocketReply>(`/sockets?id=${socketId(name)}`, {
      name,
      endpoint: location.host,
      ping: () => ({ method: 'ping' }),
      pingInterval: 5_000,
    });
  };
}

export const provideSocketPool = (): EnvironmentProviders =>
  provideConnectionPool(
    () => ({
      poolSize: 4,
      connectionFactory: socketFactory(),
      options: {
        // Short waits, so that the demo need not wait for long.
        heal: reconnectBroken<SocketConnection>({ backoff: exponentialBackoff({ max: 500 }) }),
        // A server that is down is dialled by one connection alone: a browser slows pages down whose dials keep failing.
        breaker: circuitBreaker({ consecutiveFailures: 4, openFor: 400 }),
        policies: resilient({ ejectOutliers: { baseDuration: 1_000 } }),
        waitTimeout: 2_000,
      },
    }),
    SOCKET_POOL,
  );
