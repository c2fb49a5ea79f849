import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, leastLoaded, peakEwma, powerOfTwoChoices, type Strategy } from 'rxpool';
import { listen, NetConnection } from '../support/net-connection.js';
import type { Finding, Medians, Race } from './measure.js';

/** A client that asks one line at a time of each connection's server, and may have many in flight. */
class LineConnection extends NetConnection {
  readonly #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  /** Rejects when the connection is lost; when the signal aborts, the answer is awaited but not told. */
  ask(signal: AbortSignal): Promise<void> {
    this.begin();
    this.transport?.write('hello\n');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = await super.open(signal);
    socket.setNoDelay(true).on('data', (data: Buffer) => {
      for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) {
        this.end();
        this.#waiting.shift()?.resolve();
      }
    });
    socket.once('close', () => {
      for (const waiting of this.#waiting.splice(0)) {
        this.end();
        waiting.reject(new Error('The connection is lost'));
      }
    });
    return socket;
  }
}

/** A server that answers each line after a while. It can be taken down, and stopped as by SIGSTOP. */
class SlowServer {
  readonly #sockets = new Set<Socket>();
  readonly #delay: number;
  #server: Server | undefined;
  port = 0;
  stopped = false;

  constructor(delay: number) {
    this.#delay = delay;
  }

  async up(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    if (this.port === 0) this.port = await listen(server);
    else await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  down(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true).on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('data', async (data: Buffer) => {
      await sleep(this.#delay);
      while (this.stopped && !socket.destroyed) await sleep(10);
      socket.write(data);
    });
  }
}

const OUTAGE = 6_000;
const OUTAGE_SIZE = 8;
const OUTAGE_CALLERS = 64;
const HALF_SECOND = 500;
const SERVICE = 40;

interface Recovery {
  /** Milliseconds from the first dial that succeeded. */
  readonly firstAnswer: number;
  readonly allConnected: number;
  /** Answers in each of the first four half-seconds after the server was back. */
  readonly answers: readonly number[];
}

async function recover(): Promise<Recovery> {
  const server = new SlowServer(SERVICE);
  await server.up();
  const pool = new ConnectionPool(OUTAGE_SIZE, () => new LineConnection(server.port), { maxPending: 1 });
  await pool.setup();
  let isOver = false;
  const answered: number[] = [];
  const caller = async (): Promise<void> => {
    while (!isOver) {
      try {
        await pool.use((connection, { signal }) => connection.ask(signal), { waitTimeout: 30_000 });
        answered.push(performance.now());
      } catch {
        await sleep(5);
      }
    }
  };
  const callers = Array.from({ length: OUTAGE_CALLERS }, caller);
  await sleep(1_000);
  server.down();
  await sleep(OUTAGE);
  const connected: number[] = [];
  const subscription = pool.connected$.subscribe(({ length }) => {
    if (length > connected.length) connected.push(...Array(length - connected.length).fill(performance.now()));
  });
  await server.up();
  const back = performance.now();
  const limit = back + 30_000;
  while (connected.length < OUTAGE_SIZE && performance.now() < limit) await sleep(10);
  await sleep(Math.max(0, back + 4 * HALF_SECOND - performance.now()));
  subscription.unsubscribe();
  isOver = true;
  await Promise.all(callers);
  await pool.dispose();
  server.down();
  const [first = Number.NaN] = connected;
  const after = answered.filter((time) => time > back);
  return {
    firstAnswer: (after[0] ?? Number.NaN) - first,
    allConnected: (connected[OUTAGE_SIZE - 1] ?? Number.NaN) - first,
    answers: [0, 1, 2, 3].map(
      (half) => after.filter((time) => Math.floor((time - back) / HALF_SECOND) === half).length,
    ),
  };
}

const STOP = { requests: 12_000, aSecond: 1_000, servers: 3, each: 2, timeout: 1_000, begin: 3_000, end: 7_000 };

/** Callers that fail while one server of three answers nothing, and keeps its connections. */
async function failuresUnder(select: Strategy<LineConnection>): Promise<number> {
  const servers = Array.from({ length: STOP.servers }, () => new SlowServer(2));
  await Promise.all(servers.map((server) => server.up()));
  let made = 0;
  const factory = (): LineConnection => new LineConnection((servers[made++ % STOP.servers] as SlowServer).port);
  const pool = new ConnectionPool(STOP.servers * STOP.each, factory, { select });
  await pool.setup();
  let failed = 0;
  const requests: Promise<void>[] = [];
  const begin = performance.now();
  while (requests.length < STOP.requests) {
    const elapsed = performance.now() - begin;
    (servers[0] as SlowServer).stopped = elapsed >= STOP.begin && elapsed < STOP.end;
    const due = Math.min(STOP.requests, Math.floor((elapsed * STOP.aSecond) / 1_000));
    while (requests.length < due) {
      const request = pool.use((connection, { signal }) => connection.ask(signal), { timeout: STOP.timeout });
      requests.push(
        request.catch(() => {
          failed++;
        }),
      );
    }
    await sleep(2);
  }
  await Promise.all(requests);
  await pool.dispose();
  for (const server of servers) server.down();
  return failed;
}

/** P14 and P15: what callers notice of an outage, in real time. */
export async function* benchOutage(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const recovery = await recover();
  const strategies: Readonly<Record<string, Strategy<LineConnection>>> = {
    leastLoaded: leastLoaded(),
    peakEwma: peakEwma(),
    powerOfTwoChoices: powerOfTwoChoices(),
  };
  const failures = await Promise.all(
    Object.entries(strategies).map(async ([name, select]) => [name, await failuresUnder(select)] as const),
  );
  yield { variants: [], rounds: 0 };
  const full = (OUTAGE_SIZE * HALF_SECOND) / SERVICE;
  const back = { measured: `answers in half-seconds: ${recovery.answers.join(', ')}`, unit: ' ms' };
  return [
    {
      ...back,
      goal: 'P14',
      about: `first answer after an outage of ${OUTAGE / 1_000} s, from the first dial that succeeds`,
      baseline: `an answer takes ${SERVICE} ms`,
      figure: recovery.firstAnswer,
      limit: { atMost: 150 },
    },
    {
      ...back,
      goal: 'P14',
      about: `all ${OUTAGE_SIZE} connections after an outage of ${OUTAGE / 1_000} s, from the first dial that succeeds`,
      baseline: `${full} answers are the most in a half-second`,
      figure: recovery.allConnected,
      limit: { atMost: 400 },
    },
    'P14 against pg.Pool is not measured here: it needs PostgreSQL',
    ...failures.map(([name, figure]) => ({
      goal: 'P15',
      about: `callers that fail under ${name} while one server of three is stopped for 4 s`,
      measured: `${STOP.requests.toLocaleString('en')} callers`,
      baseline: `each fails after ${STOP.timeout} ms`,
      figure,
      unit: '',
      limit: { atMost: 25 },
    })),
  ];
}
