import { MAX_SESSIONS } from './real-server.js';
import { RedisConnection } from './redis-connection.js';
import { RedisServer } from './redis-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'redis',
  open: () => RedisServer.open(),
  connection: (target) => new RedisConnection(target),
  sessions: MAX_SESSIONS - 1,
  maxPending: Number.POSITIVE_INFINITY,
  refusal: /WRONGPASS/,
  // Redis says so and hangs up; a client may be writing then, and tell of that.
  full: /max number of clients|closed|EPIPE|ECONNRESET/,
});
