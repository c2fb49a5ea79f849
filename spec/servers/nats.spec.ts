import { nats } from '../../examples/adapters/nats.js';
import { NatsServer, USER } from './nats-server.js';
import { MAX_SESSIONS } from './real-server.js';
import { describeScenarios } from './scenarios.js';

describeScenarios({
  name: 'nats',
  open: () => NatsServer.open(),
  adapt: (port, password) => nats(`127.0.0.1:${port}`, { user: USER, pass: password }),
  echo: async (client, text) => (await client.request('echo', text, { timeout: 10_000 })).string(),
  sessions: MAX_SESSIONS - 1,
  maxPending: Number.POSITIVE_INFINITY,
  refusal: /uthorization/,
  // It says so and hangs up; the client may be writing its login then.
  full: /maximum connections|closed|EPIPE|ECONNRESET/i,
});
