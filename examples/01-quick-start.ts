// A pool of four connections, and a client that uses whichever carries the least.
import { ConnectionPool } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  // For you to try it without one; against your own server, `new ZcachedConnection({ host, port })` is all.
  const server = await startZcachedServer();

  const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: server.port }));
  await pool.setup();
  console.log('connected:', pool.connectedConnections.length);

  const client = new ZcachedClient(pool);
  await client.set('greeting', 'hello');
  await client.set('ada', { born: 1815, languages: ['English', 'French'] });
  console.log('greeting:', await client.get('greeting'));
  console.log('ada:', await client.get('ada'));
  console.log('nobody:', await client.get('nobody'));

  // Many requests at once spread over the connections.
  const replies = Promise.all(Array.from({ length: 100 }, (_, number) => client.set(`key:${number}`, number)));
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  await replies;
  console.log('keys:', await client.dbsize());

  // The client borrows a connection for each command, as anybody can, for as long as it takes.
  console.log('echo:', await pool.use((connection) => connection.send('ECHO', 'anybody there?')));

  await pool.dispose();
  await server.close();
}

void main();
