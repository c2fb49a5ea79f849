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

/** Milliseconds between two looks for sockets that have become idle. */
const PACE = 50;

/**
 * Milliseconds for which the server goes on taking requests, each answered with `Connection: close`: closing it resets the
 * sockets that are idle, and those of busy clients are used within that time. In several timers, so that what has arrived
 * is read in between, however busy the process is.
 */
const GRACE = 50;
const GRACE_PARTS = 5;

const hasConnectionLists = (server: unknown): server is Server =>
  typeof (server as Partial<Server> | undefined)?.closeIdleConnections === 'function';

/**
 * Lets `app.close()` end while clients keep sending over kept-alive sockets. From then on each response says
 * `Connection: close`, and idle sockets are closed. No request in a handler is cut off. A provider of the application, once;
 * it needs no options.
 *
 * It goes by the HTTP server of Node, and does nothing where there is none. A handler that never ends keeps the
 * application open.
 *
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
    // Before the application, which may answer at once.
    server.prependListener('request', this.#onRequest);
  }

  /** Marks responses, serves for 50 ms more, and from then on closes idle sockets. */
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

/** Has the client open another connection for its next request. A response under way is too late for that. */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

Injectable()(OrderlyShutdown);
Inject(HttpAdapterHost)(OrderlyShutdown, undefined, 0);
