import { createServer } from 'node:net';
import { listen } from '../support/net-connection.js';

const ETX = 3;
const VALUE = 'x'.repeat(100);
const REPLY = Buffer.from(`$${VALUE.length}\r\n${VALUE}\r\n\x03`);
const PONG = Buffer.from('+PONG\r\n\x03');

/** As little of a server as can be: what is measured against it is the client's work. In a process of its own. */
async function respond(): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {});
    socket.on('data', (data: Buffer) => {
      if (data.includes('PING')) {
        socket.write(PONG);
        return;
      }
      let frames = 0;
      for (let at = data.indexOf(ETX); at >= 0; at = data.indexOf(ETX, at + 1)) frames++;
      if (frames === 1) socket.write(REPLY);
      else if (frames > 1) socket.write(Buffer.concat(new Array<Buffer>(frames).fill(REPLY)));
    });
  });
  console.log(await listen(server));
}

void respond();
