// A pool of four connections, and a client that uses whichever carries the least.
import { ConnectionPool } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  // A server in memory, to try it out; for a server of yours: `new ZcachedConnection({ host, port })`.
  const server = await startZcachedServer();

  const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: server.port }));
  // Optional: the first use opens a pool as well. This waits until every dial has settled.
  await pool.setup();
  console.log('connected:', pool.connectedConnections.length);

  const client = new ZcachedClient(pool);
  await client.set('greeting', 'hello');
  await client.set('ada', { born: 1815, languages: ['English', 'French'] });
  console.log('greeting:', await client.get('greeting'));
  console.log('ada:', await client.get('ada'));
  console.log('no such key:', await client.get('charles'));

  // Many requests at once spread over the connections.
  const replies = Promise.all(Array.from({ length: 100 }, (_, number) => client.set(`key:${number}`, number)));
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  await replies;
  console.log('keys:', await client.dbsize());

  // The client borrows a connection for each command, until the reply is there. `use` does the same for work of yours.
  console.log('echo:', await pool.use((connection) => connection.send('ECHO', 'are you there?')));

  await pool.dispose();
  await server.close();
}

void main();
