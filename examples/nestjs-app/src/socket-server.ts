import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type WebSocket, WebSocketServer } from 'ws';
import { SETTINGS, type Settings } from './settings.js';

/** Where it is, on the port of the application. */
const PATH = '/sockets';

/** A WebSocket server on the port of the application, for the pool in the page. It can be stopped without the page. */
@Injectable()
export class SocketServer implements OnModuleInit, BeforeApplicationShutdown {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 4_096 });
  readonly #sockets = new Map<string, WebSocket>();
  #isUp = true;

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    const server: Server = this.host.httpAdapter.getHttpServer();
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  start(): void {
    this.#isUp = true;
  }

  /** Hangs up on every connection, and refuses new ones. */
  stop(): void {
    this.#isUp = false;
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  /** Hangs up on one connection. */
  cut(id: string): void {
    this.#sockets.get(id)?.terminate();
  }

  /** The HTTP server waits for its sockets. */
  beforeApplicationShutdown(): void {
    this.stop();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const id = searchParams.get('id') ?? '';
    if (pathname !== PATH) refuse(socket, '404 Not Found');
    // A browser lets every page open WebSockets to every server.
    else if (!isSameOrigin(request)) refuse(socket, '403 Forbidden');
    else if (!this.#isUp) refuse(socket, '503 Service Unavailable');
    else this.#server.handleUpgrade(request, socket, head, (accepted) => this.#accept(id, accepted));
  }

  #accept(id: string, socket: WebSocket): void {
    this.#sockets.set(id, socket);
    socket.on('message', (data) => this.#reply(socket, String(data)));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (this.#sockets.get(id) === socket) this.#sockets.delete(id);
    });
  }

  /** Answers `{ id, method }`: a ping at once, anything else after a while. */
  #reply(socket: WebSocket, text: string): void {
    const request = parse(text);
    const send = (result: string) => socket.send(JSON.stringify({ id: request?.id, result }), () => {});
    if (!request) socket.close(1007, 'Not a request');
    else if (request.method === 'ping') send('pong');
    else setTimeout(send, this.settings.latency(), 'done');
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function parse(text: string): { readonly id: number; readonly method: string } | undefined {
  try {
    const { id, method } = JSON.parse(text);
    return Number.isInteger(id) && typeof method === 'string' ? { id, method } : undefined;
  } catch {
    return undefined;
  }
}
