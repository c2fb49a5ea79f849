import { readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './run-program.js';

const OUTPUT: Readonly<Record<string, readonly string[]>> = {
  '01-quick-start.ts': [
    'connected: 4',
    'greeting: hello',
    "ada: Map(2) { 'languages' => [ 'English', 'French' ], 'born' => 1815 }",
    'no such key: undefined',
    'pending on each: 25 25 25 25',
    'keys: 102',
    'echo: are you there?',
  ],
  '02-health-streams.ts': [
    'status: empty',
    'status: starting',
    'status: degraded',
    'status: healthy',
    'status: degraded',
    'event: lost',
    'status: down',
    'event: lost',
    'lists: 0 connected, 2 broken',
    'status: degraded',
    'event: connected',
    'status: healthy',
    'event: connected',
    'status: closed',
    'status: no more',
  ],
  '03-reconnect-and-cleanup-as-operators.ts': [
    'a connection is cut',
    'reconnected at attempt 1',
    'the server goes away',
    'gave up 2: 0 connections of 2',
    'and comes back',
    '2 connections of 2, status healthy',
  ],
  '04-a-pool-of-ones-own.ts': [
    'to choose from: 3',
    'pending: 3 3 3',
    'replies: 0 1 2 3 4 5 6 7 8',
    'one cut, to choose from: 2',
    'one back, to choose from: 3',
  ],
  '05-a-connection-of-ones-own.ts': ['pending: 2 2 2', 'replies: one two three four five six', 'status: healthy'],
  '06-strategies.ts': [
    'sticky: ada:b grace:b alan:a edsger:b ken:c ada:b grace:b',
    'in turn: a b c a b c',
    'by cores: a a a a a a a a b b c c',
    'two drawn: 1000',
    'nearest to us: c c c',
    'nearest to asia: a a a',
  ],
  '07-backoff-and-verdicts.ts': [
    'a server goes away',
    '  given up after 3 attempts: max-attempts',
    '  given up after 3 attempts: max-attempts',
    '  connected by reconnect(): 2',
    'a password is wrong',
    '  given up after 0 attempts: terminal',
    '  given up after 0 attempts: terminal',
    '  logins: 2',
    '  connected by reconnect(): 2',
  ],
  '08-sizing.ts': [
    'added: 1, so that there are 3',
    'grown to 8',
    '6 were idle for too long: 2 connections of 2',
    'renewed: 2 connections of 2, none of them an old one',
    'five at once: 5 connections',
    'idle again: 1 connection',
  ],
  '09-ejection-and-validation.ts': [
    'ejected: middle, for 30 s',
    'failed: 3',
    'in service: 2',
    'silent: right, answered: left',
    'in service: 1',
  ],
  '10-borrowing.ts': [
    'waiting: 2',
    'ann leaves 9',
    'bob leaves 8',
    'cleo leaves 7',
    'taken, not committed: 2',
    'after the reset: 7',
    'counted: 3',
    'held for 50 ms, taken by forgetful',
    'waiting: 4',
    'served: 3, waiting: 1',
  ],
  '11-renewal-and-reconfiguration.ts': [
    'renewed: 3',
    'connections: 0 to the old server, 3 to the other',
    'renewed: 3',
    'waiting: 10',
    'connected: 5',
    'connected: 2',
    'failed: 0 requests',
  ],
  '12-circuit-breaker-and-orderly-end.ts': [
    'circuit: open',
    'refused: ERR_CIRCUIT_OPEN, with a cause: true',
    'circuit: half-open',
    'circuit: closed',
    'answered: PONG',
    'the last word is said',
    'closed: closed',
  ],
  '13-zcached-client.ts': [
    'visits: 41',
    'two, and a miss: Map(3) {',
    "  'tags' => [ 'a', 'b' ],",
    "  'flags' => Map(1) { 'beta' => true },",
    "  'missing' => undefined",
    '}',
    "user: [ 'first line', 'second line' ]",
    'bytes: Uint8Array(3) [ 3, 10, 255 ]',
    'seen: 1970-01-01T00:00:00.000Z',
    "CONTROL_CHARACTER: SET: argument 2: 0x03, line feed and carriage return cannot be sent; as a value, the client's option encoding: 'json' stores it, or encoding: 'bytes' if it is bytes; a key is one line of text",
    'user:alan: Alan',
    'user:ada: Ada',
    'latest: Alan',
    'again after ERR_REQUEST_TIMEOUT',
    'answered: Ada',
    'ERR_REQUEST_ABORTED, sent: maybe',
  ],
  '14-testing-with-faults.ts': [
    'a slow network',
    '  Hello Ada',
    '  Hello Ada (cached)',
    'one that stalls: a late reply is dropped',
    '  ERR_REQUEST_TIMEOUT, sent: maybe',
    '  ERR_REQUEST_TIMEOUT, sent: never',
    '  Hello Alan',
    '  Hello Ada (cached)',
    'one that resets connections',
    '  event: lost',
    '  ERR_CONNECTION_LOST, sent: maybe',
    '  event: connected',
    '  Hello Ada',
    '  Hello Ada (cached)',
    'a server that hangs up on each connection',
    '  event: lost',
    '  ERR_WAIT_TIMEOUT',
    '  ERR_WAIT_TIMEOUT',
    '  Hello Ada',
    '  event: connected',
    '  Hello Ada (cached)',
  ],
  '15-many-servers.ts': [
    'a: 2, b: 2, c: 2',
    '16 requests at once: a a a a a a a a a a a a b b c c',
    'a: 2, b: 0, c: 2',
    'a: 2, b: 2, c: 2',
    'a: 2, c: 2, d: 2',
    'd: 6',
  ],
  '16-websocket.ts': [
    'pending on each: 2 2 2',
    'sums: 2 4 6 8 10 12',
    'refused: no method subtract',
    'news: hello hello hello',
    'asleep: ERR_CIRCUIT_OPEN',
    'awake: 14',
  ],
};

/** Programs of clients whose servers are in the process. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  'http2.ts': [
    'pending on each: 2 2',
    'waiting: 2',
    ...['/1', '/2', '/3', '/4', '/5', '/6'].map((path) => `you asked for ${path}`),
    'answered through GOAWAY: 4',
    'answered by new sessions: you asked for /11',
  ],
  'websocket.ts': [
    'pending on each: 2 2 2',
    'sums: 2 4 6 8 10 12',
    'refused: no method subtract',
    'event: lost',
    'event: connected',
    'status: healthy',
  ],
};

describe('The examples', () => {
  it('every numbered example has its expected output here', () => {
    const numbered = readdirSync(path.join(__dirname, '../../examples')).filter((file) => /^\d\d-.*\.ts$/.test(file));
    expect(numbered.sort()).toEqual(Object.keys(OUTPUT));
  });

  it.each(Object.entries({ ...OUTPUT, ...CLIENTS }))(
    'examples/%s prints the expected output and ends with status 0',
    async (file, lines) => {
      const { status, stdout, stderr } = await run(file);
      expect(stderr).toBe('');
      expect(stdout.trimEnd().split('\n')).toEqual(lines);
      expect(status).toBe(0);
    },
    30_000,
  );
});
