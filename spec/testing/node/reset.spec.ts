// Tests the private reset() directly: no option of the server brings a socket into each of these states.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { reset } from '../../../src/testing/node/session.js';

it.each([
  ['open', () => {}],
  ['ending', (socket: Socket) => void socket.end('the last of it')],
  ['reset already', (socket: Socket) => reset(socket)],
])('reset() of a socket that is %s destroys it and does not keep the process alive', async (_, prepare) => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  try {
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    prepare(socket);
    reset(socket);
    await closed;
    expect(socket.destroyed).toBe(true);
  } finally {
    client.destroy();
    server.close();
  }
});
