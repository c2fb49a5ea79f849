import { ioredis } from '../../examples/adapters/ioredis.js';
import { MAX_SESSIONS } from './real-server.js';
import { RedisServer } from './redis-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'ioredis',
  open: () => RedisServer.open(),
  adapt: (port, password) => ioredis(`redis://:${password}@127.0.0.1:${port}`),
  echo: (client, text) => client.echo(text),
  sessions: MAX_SESSIONS - 1,
  maxPending: Number.POSITIVE_INFINITY,
  refusal: /WRONGPASS/,
  // Redis says so and hangs up; a client may be writing then, and tell of that.
  full: /max number of clients|closed|EPIPE|ECONNRESET|ERR_CLIENT_LOST/,
});
