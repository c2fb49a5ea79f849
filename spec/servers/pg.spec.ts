import { endTransaction, pg } from '../../examples/adapters/pg.js';
import { PostgresServer, RESERVED, USER } from './postgres-server.js';
import { MAX_SESSIONS } from './real-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'pg',
  open: () => PostgresServer.open(),
  adapt: (port, password) => pg({ host: '127.0.0.1', port, user: USER, password, database: 'postgres' }),
  echo: async (client, text) => {
    const { rows } = await client.query<{ echo: string }>('SELECT $1::text AS echo', [text]);
    return rows[0]?.echo;
  },
  options: { reset: endTransaction },
  // A session of PostgreSQL carries one statement at a time.
  sessions: MAX_SESSIONS - RESERVED - 1,
  maxPending: 1,
  refusal: /^28P01/,
  full: /^53300/,
});
