import type { Server, ServerResponse } from 'node:http';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { interval, lastValueFrom, type Subscription, take } from 'rxjs';

/** Milliseconds between two searches for idle sockets. */
const PACE = 50;

/**
 * Milliseconds for which the server still takes requests, and answers each with `Connection: close`. Closing it resets
 * idle sockets, and busy clients use theirs within that time. Split into several timers, so that data that has arrived
 * is read in between even in a busy process.
 */
const GRACE = 50;
const GRACE_PARTS = 5;

const hasConnectionLists = (server: unknown): server is Server =>
  typeof (server as Partial<Server> | undefined)?.closeIdleConnections === 'function';

/**
 * Lets `app.close()` end while clients keep sending requests over kept-alive sockets. After that call each response
 * says `Connection: close`, and idle sockets are closed. Requests in handlers are not cut off. Add it once to the
 * providers of the application; it has no options.
 *
 * It works with Node's HTTP server, and does nothing without one. A handler that never ends keeps the application open.
 * @example
 * ```ts
 * class AppModule {}
 * Module({ providers: [OrderlyShutdown] })(AppModule);
 * ```
 */
export class OrderlyShutdown implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #host: HttpAdapterHost;
  readonly #responses = new Set<ServerResponse>();
  #server: Server | undefined;
  #isClosing = false;
  #sweeping: Subscription | undefined;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  /** Follows responses from the first request on. */
  onModuleInit(): void {
    const server: unknown = this.#host.httpAdapter?.getHttpServer();
    if (!hasConnectionLists(server)) return;
    this.#server = server;
    // Added first, because the application may answer at once.
    server.prependListener('request', this.#onRequest);
  }

  /** Marks responses, serves for 50 ms more, and then closes idle sockets. */
  async beforeApplicationShutdown(): Promise<void> {
    const server = this.#server;
    if (!server?.listening) return;
    this.#isClosing = true;
    for (const response of this.#responses) closeAfter(response);
    await lastValueFrom(interval(GRACE / GRACE_PARTS).pipe(take(GRACE_PARTS)));
    this.#sweeping = interval(PACE).subscribe(() => server.closeIdleConnections());
  }

  /** The HTTP server has closed. */
  onApplicationShutdown(): void {
    this.#sweeping?.unsubscribe();
    this.#server?.off('request', this.#onRequest);
  }

  readonly #onRequest = (_request: unknown, response: ServerResponse): void => {
    if (this.#isClosing) closeAfter(response);
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
  };
}

/**
 * Makes the client open another connection for its next request. It is too late for that once the response has begun.
 */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

Injectable()(OrderlyShutdown);
Inject(HttpAdapterHost)(OrderlyShutdown, undefined, 0);
