import { IoredisConnection } from './ioredis-connection.js';
import { MAX_SESSIONS } from './real-server.js';
import { RedisServer } from './redis-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'ioredis',
  open: () => RedisServer.open(),
  connection: (target) => new IoredisConnection(target),
  sessions: MAX_SESSIONS - 1,
  maxPending: Number.POSITIVE_INFINITY,
  refusal: /WRONGPASS/,
  // Redis says so and hangs up; a client may be writing then, and tell of that.
  full: /max number of clients|closed|EPIPE|ECONNRESET/,
});
