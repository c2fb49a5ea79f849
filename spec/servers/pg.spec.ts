import { PgConnection } from './pg-connection.js';
import { PostgresServer, RESERVED } from './postgres-server.js';
import { MAX_SESSIONS } from './real-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'pg',
  open: () => PostgresServer.open(),
  connection: (target) => new PgConnection(target),
  // A session of PostgreSQL carries one statement at a time.
  sessions: MAX_SESSIONS - RESERVED - 1,
  maxPending: 1,
  refusal: /^28P01/,
  full: /^53300/,
});
