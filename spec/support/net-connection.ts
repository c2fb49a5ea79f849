import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { BaseConnection } from 'rxpool';

/** A minimal TCP connection. */
export class NetConnection extends BaseConnection<Socket> {
  constructor(readonly port: number) {
    super();
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    signal.addEventListener('abort', () => socket.destroy(signal.reason), { once: true });
    await once(socket, 'connect');
    socket.on('error', () => {});
    socket.once('close', () => this.lost(socket, new Error('The peer is gone')));
    return socket;
  }

  protected override async shut(socket: Socket): Promise<void> {
    socket.destroy();
    if (!socket.closed) await once(socket, 'close');
  }
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A loopback port without a listener. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
