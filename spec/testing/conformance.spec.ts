import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { adapt } from 'rxpool';
import {
  BrokenRuleError,
  type CheckedConnection,
  type CheckedServer,
  checkConnection,
  connectionRules,
  NonconformingConnectionError,
  ScriptedConnection,
} from 'rxpool/testing';
import { type FaultProxy, startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { thrownBy } from '../support/pools.js';
import { scaled } from '../support/scales.js';
import { FAULTS, type Fault, FaultyConnection, shared } from './faulty-connection.js';
import { CAPACITY, LineServer, linesOf } from './line-server.js';

/** The rules that a fault breaks, by how they begin: one of them at least has to be found. */
const FOUND_BY: Readonly<Record<Fault, RegExp>> = {
  'state$ emits nothing to a new subscriber': /^state\$ and pending\$ emit idle/,
  'the first state is closed': /^state\$ and pending\$ emit idle/,
  'connect() resolves before it is connected': /^connect\(\) goes by connecting/,
  'connecting is left out': /^connect\(\) goes by connecting/,
  'two calls of connect() dial twice': /^connect\(\) while connecting shares/,
  'connect() dials again while connected': /^connect\(\) while connected opens nothing/,
  'connect() throws': /^connect\(\) rejects when the server refuses/,
  'connect() resolves although it was refused': /^connect\(\) rejects when the server refuses/,
  'a refused dial stays connecting': /^a dial that was refused/,
  'a broken connection has no cause': /^a dial that was refused/,
  'the cause stays after another dial': /^connect\(\) dials again from broken/,
  'a broken connection does not dial again': /^connect\(\) dials again from broken/,
  'a closed connection does not dial again': /^connect\(\) dials again from closed/,
  'close() changes the state later': /^close\(\) has moved the state/,
  'close() leaves the socket open': /^close\(\) closes what was opened/,
  'a second close() rejects': /^close\(\) may be called again/,
  'close() waits for the server': /^close\(\) settles while the server is silent/,
  'close() leaves a dial under way unsettled': /^close\(\) while connecting rejects the dial/,
  'close() leaves the socket of a dial open': /^close\(\) while connecting rejects the dial/,
  'a dial that comes late is connected after all': /^a dial that succeeds after close/,
  'a loss without work is not noticed': /^a loss without work/,
  'a loss leaves requests unsettled': /^a loss with work/,
  'a loss leaves the count': /^a loss with work/,
  'requests are not counted': /^pending\$ counts/,
  'given-up requests count for ever': /^pending\$ returns to 0 after requests/,
  'an earlier socket breaks the next session': /^an earlier session/,
  'state$ completes on close()': /^state\$ and pending\$ neither error/,
  'the name changes': /^name and endpoint/,
  'ping() asks nothing': /^ping\(\) does not resolve/,
  'ping() says false': /^ping\(\) resolves while/,
  'ping() leaves a listener': /^ping\(\) leaves no listener/,
  'classify() throws': /^classify\(\)/,
  'classify() invents a word': /^classify\(\)/,
  'draining breaks the connection': /^draining/,
  'draining is not told': /^draining/,
  'capacity$ emits nothing to a new subscriber': /^capacity\$/,
  'each dial leaves a listener': /^dials and closings leave no listeners/,
};

let server: LineServer;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await LineServer.open();
});

afterAll(() => server.close());

beforeEach(async () => {
  proxy = track(await startFaultProxy({ port: server.port }));
});

const serverOf = (links: FaultProxy): CheckedServer => ({
  connections: () => links.connections(),
  cut: () => links.cut(),
  hold: () => links.hold(),
  resume: () => links.resume(),
  refuse: () => links.refuse(),
  accept: () => links.accept(),
  drain: () => server.drain(),
});

const lineConnection = (fault?: Fault): CheckedConnection<FaultyConnection> => ({
  make: () => new FaultyConnection(proxy.port, fault),
  server: serverOf(proxy),
  request: (connection, { signal }) => connection.ask('a line', signal),
  capacity: CAPACITY,
  listeners: () => shared.listenerCount('shutdown'),
});

describe('checkConnection(): connections that are right', () => {
  it('finds no broken rule in a connection over two BehaviorSubjects', () => checkConnection(lineConnection()), 60_000);

  it('finds no broken rule in a connection that adapt() makes of a socket, with ping, classify, draining and capacity', async () => {
    /** A socket that answers. */
    class Client extends EventEmitter {
      readonly socket: Socket = connect({ port: proxy.port, host: '127.0.0.1' });
      readonly lines = linesOf(this.socket);
      #waiting: { resolve(line: string): void; reject(cause: unknown): void }[] = [];

      constructor() {
        super();
        this.lines.on('line', (line: string) => {
          if (/^(HELLO|DRAIN)/.test(line)) this.emit(line.slice(0, 5), Number(line.split(' ')[1]));
          else this.#waiting.shift()?.resolve(line);
        });
        this.socket.on('close', () => {
          for (const { reject } of this.#waiting.splice(0)) reject(new Error('hung up'));
        });
      }

      ask(line: string): Promise<string> {
        return new Promise((resolve, reject) => {
          this.#waiting.push({ resolve, reject });
          this.socket.write(`${line}\n`);
        });
      }
    }
    const line = adapt({
      create: () => new Client(),
      name: 'line',
      connect: async (client) => {
        client.socket.write('HELLO\n');
        await once(client, 'HELLO');
      },
      watch: (client, { lost, draining, capacity }) => {
        client.socket.on('error', lost).on('close', lost);
        client.on('HELLO', capacity).on('DRAIN', draining);
      },
      close: (client) => client.socket.destroy(),
      alive: (client) => client.socket.writable,
      ping: (client) => client.ask('PING'),
      classify: () => undefined,
    });
    await checkConnection({
      make: () => line(),
      server: serverOf(proxy),
      request: ({ client }) => client.ask('a line'),
      counts: false,
      capacity: CAPACITY,
    });
  }, 60_000);

  it('finds no broken rule in a ZcachedConnection', async () => {
    const zcached = track(await startZcachedServer({ flaws: false }));
    const links = track(await startFaultProxy({ port: zcached.port }));
    await checkConnection({
      make: () => new ZcachedConnection({ port: links.port }),
      server: links,
      request: (connection, { signal }) => connection.request({ command: 'PING', signal }),
    });
  }, 60_000);

  it('finds no broken rule in a ScriptedConnection, of which the test is the server', async () => {
    const made: ScriptedConnection[] = [];
    let script: 'accept' | 'refuse' | 'wait' = 'accept';
    const say = (next: typeof script): void => {
      script = next;
      for (const connection of made) connection.onDial = next;
    };
    await checkConnection({
      make: () => {
        const connection = new ScriptedConnection({ name: 'scripted', onDial: script });
        made.push(connection);
        return connection;
      },
      server: {
        connections: () =>
          made.reduce((open, { opened, shuts, state }) => open + opened - shuts + (state === 'connecting' ? 1 : 0), 0),
        cut: () => {
          for (const connection of made) connection.lose();
        },
        hold: () => say('wait'),
        resume: () => {
          for (const connection of made) connection.accept();
          say('accept');
        },
        refuse: () => say('refuse'),
        accept: () => say('accept'),
      },
    });
  }, 60_000);
});

describe('checkConnection(): connections with one fault', () => {
  it(`there are at least 25 faults`, () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(25);
  });

  const step = Math.ceil(FAULTS.length / scaled('adapterFaults'));
  it.each(FAULTS.filter((_, place) => place % step === 0))(
    'names the rule that is broken where %s',
    async (fault) => {
      const error = await checkConnection({ ...lineConnection(fault), patience: 200 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(NonconformingConnectionError);
      const { errors, message } = error as NonconformingConnectionError;
      expect(errors.map(({ rule }) => rule)).toContainEqual(expect.stringMatching(FOUND_BY[fault]));
      for (const { rule } of errors) expect(message).toContain(rule);
    },
    60_000,
  );
});

describe('connectionRules()', () => {
  it('gives each rule as a test of its own, with rules of optional members where a connection has them', () => {
    const all = connectionRules(lineConnection()).map(({ rule }) => rule);
    const few = connectionRules({ make: () => new ScriptedConnection(), server: serverOf(proxy) });
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(25);
    expect(few.filter(({ rule }) => /ping|classify|capacity|pending\$ counts/.test(rule))).toEqual([]);
  });

  it('a check rejects with a BrokenRuleError that says what was expected and what happened', async () => {
    const rules = connectionRules({ ...lineConnection('the first state is closed'), patience: 200 });
    const [first] = rules;
    await expect(first?.check()).rejects.toMatchObject({
      name: 'BrokenRuleError',
      code: 'ERR_BROKEN_RULE',
      rule: first?.rule,
      explanation: 'state$ has emitted [closed]',
    });
  });

  it.each<[string, object, RegExp]>([
    ['no make', { server: {} }, /^checked\.make must be a function, got undefined/],
    ['no server', { make: () => new ScriptedConnection() }, /^checked\.server must be an object, got undefined/],
    [
      'a server without hold()',
      { make: () => {}, server: { connections() {}, cut() {} } },
      /^checked\.server\.hold must/,
    ],
    [
      'a misspelt option',
      { make: () => {}, server: {}, requests: () => {} },
      /requests is no option; did you mean request\?/,
    ],
    ['no patience', { make: () => {}, server: {}, patience: 0 }, /^checked\.patience must be above 0/],
  ])('with %s throws an error that names it', (_, checked, message) => {
    expect((thrownBy(() => connectionRules(checked as never)) as Error).message).toMatch(message);
  });

  it('checkConnection() with wrong options rejects, and does not throw', async () => {
    await expect(checkConnection({ server: {} } as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

describe('NonconformingConnectionError', () => {
  it.each([
    [1, 'The connection breaks 1 rule:\n- a rule: an explanation'],
    [2, 'The connection breaks 2 rules:\n- a rule: an explanation\n- a rule: an explanation'],
  ])('with %i broken rules says how many in its message, and names each', (count, message) => {
    const errors = Array.from({ length: count }, () => new BrokenRuleError('a rule', 'an explanation'));
    expect(new NonconformingConnectionError(errors)).toMatchObject({ message, errors });
  });
});
