// Sessions of PostgreSQL, one borrower each: transactions by `use` and by lease, and what is left open is rolled back.
import { ConnectionPool, resilient } from 'rxpool';
import { endTransaction, pg } from './adapters/pg.js';
import { POSTGRESQL, withServer } from './adapters/server.js';

void withServer(POSTGRESQL, async ({ port }) => {
  const sessions = pg({ host: '127.0.0.1', port, user: 'app', database: 'postgres' });
  const pool = new ConnectionPool(3, sessions, { maxPending: 1, reset: endTransaction, policies: resilient() });
  const balance = async (): Promise<string> => {
    const { rows } = await pool.use(({ client }) => client.query('SELECT owner, amount FROM balances ORDER BY owner'));
    return rows.map(({ owner, amount }) => `${owner} ${amount}`).join(', ');
  };
  await pool.use(async ({ client }) => {
    await client.query('CREATE TABLE balances (owner text PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0))');
    await client.query("INSERT INTO balances VALUES ('ada', 100), ('alan', 0)");
  });

  // By `use`: a session of its own until the function has ended. What throws is rolled back.
  const transfer = (amount: number): Promise<unknown> =>
    pool.use(async ({ client }) => {
      await client.query('BEGIN');
      await client.query("UPDATE balances SET amount = amount + $1 WHERE owner = 'alan'", [amount]);
      await client.query("UPDATE balances SET amount = amount - $1 WHERE owner = 'ada'", [amount]);
      await client.query('COMMIT');
    });
  await transfer(30);
  console.log('transferred 30:', await balance());
  await transfer(500).catch(({ constraint }) => console.log('refused by:', constraint));
  console.log('rolled back:', await balance());

  // By a lease: until it is released. What was not committed by then is rolled back.
  const lease = await pool.lease();
  const { client } = lease.connection;
  await client.query('BEGIN');
  await client.query('DELETE FROM balances');
  lease.release();
  console.log('not committed:', await balance());
  await pool.dispose();
});
