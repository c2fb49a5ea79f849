import { type Snippet, snippetsOf } from '../docs/documents.js';
import { runSnippet } from '../docs/snippet-runs.js';
import { run } from '../examples/run-program.js';
import { track } from '../support/cleanup.js';
import { PASSWORD } from './real-server.js';
import { RedisServer } from './redis-server.js';

const OUTPUT: Readonly<Record<string, readonly string[]>> = {
  redis: ['greeting: hello', 'visits: 1 2', ...Array<string>(4).fill('event: lost'), 'after the restart: PONG'],
  ioredis: ['pending on each: 50 50', 'counted to: 100', 'after the restart: PONG'],
  'ioredis-cluster': [
    'three nodes: 30 of 30 keys; healthy, 2 connected',
    'one is killed: 16 of 30 keys; healthy, 2 connected',
    'and back: 30 of 30 keys; healthy, 2 connected',
    ...Array<string>(2).fill('event: lost'),
    ...Array<string>(2).fill('event: connected'),
    'all were killed, and are back: 30 of 30 keys; healthy, 2 connected',
  ],
  nats: ['ONE TWO THREE', ...Array<string>(3).fill('event: lost'), 'AFTER THE RESTART'],
  pg: [
    'transferred 30: ada 70, alan 30',
    'refused by: balances_amount_check',
    'rolled back: ada 70, alan 30',
    'not committed: ada 70, alan 30',
  ],
};

describe('The programs that show how a client is adapted', () => {
  it.each(Object.entries(OUTPUT))(
    'examples/%s.ts starts its server, prints the expected output and ends with status 0',
    async (name, lines) => {
      const { status, stdout, stderr } = await run(`${name}.ts`);
      expect(stderr).toBe('');
      expect(stdout.trimEnd().split('\n')).toEqual(lines);
      expect(status).toBe(0);
    },
    30_000,
  );

  it('examples/redis.ts says that redis-server is missing, and ends with status 3, where it is not on the path', async () => {
    const { status, stdout, stderr } = await run('redis.ts', [], { PATH: '/nowhere' });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^This example starts redis-server, which is not on this machine/);
    expect(status).toBe(3);
  });

  it('README, "Adapt": the program prints what it has stored in the server at REDIS_URL', async () => {
    const server = track(await RedisServer.open());
    const snippet = snippetsOf('README.md').find(({ code }) => code.includes("from 'redis'")) as Snippet;
    const REDIS_URL = `redis://:${PASSWORD}@127.0.0.1:${server.port}`;
    const { status, stdout, stderr } = await runSnippet(snippet, { REDIS_URL });
    expect(stderr).toBe('');
    expect(stdout).toBe(snippet.output);
    expect(status).toBe(0);
  }, 30_000);
});
