import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, leastLoaded, peakEwma, powerOfTwoChoices, type Strategy } from 'rxpool';
import { NetConnection } from '../support/net-connection.js';
import type { Finding, Medians, Race } from './measure.js';
import { startServer } from './server-process.js';
import { SlowServer } from './slow-server.js';

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

/** A pool of connections to each server, and how many of its callers have failed. */
class Victim {
  failed = 0;
  readonly #requests: Promise<void>[] = [];
  readonly #pool: ConnectionPool<LineConnection>;

  constructor(
    readonly name: string,
    ports: readonly number[],
    select: Strategy<LineConnection>,
  ) {
    let made = 0;
    const factory = (): LineConnection => new LineConnection(ports[made++ % ports.length] as number);
    this.#pool = new ConnectionPool(ports.length * STOP.each, factory, { select });
  }

  setup(): Promise<void> {
    return this.#pool.setup();
  }

  /** Makes as many requests as are missing to `count`. */
  ask(count: number): void {
    while (this.#requests.length < count) {
      const request = this.#pool.use((connection, { signal }) => connection.ask(signal), { timeout: STOP.timeout });
      this.#requests.push(
        request.catch(() => {
          this.failed++;
        }),
      );
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#requests);
    await this.#pool.dispose();
  }
}

/**
 * Callers that fail while one server of three is stopped by SIGSTOP, which keeps its connections and answers nothing.
 * All strategies go through it together.
 */
async function failures(strategies: Readonly<Record<string, Strategy<LineConnection>>>): Promise<readonly Victim[]> {
  const starting = Array.from({ length: STOP.servers }, () => startServer('slow-server-program.ts', '2'));
  const servers = await Promise.all(starting);
  const ports = servers.map(({ port }) => port);
  const victims = Object.entries(strategies).map(([name, select]) => new Victim(name, ports, select));
  await Promise.all(victims.map((victim) => victim.setup()));
  const signals: { readonly at: number; readonly signal: NodeJS.Signals }[] = [
    { at: STOP.begin, signal: 'SIGSTOP' },
    { at: STOP.end, signal: 'SIGCONT' },
  ];
  const begin = performance.now();
  for (let count = 0; count < STOP.requests; await sleep(2)) {
    const elapsed = performance.now() - begin;
    if (signals[0] && elapsed >= signals[0].at) servers[0]?.signal(signals.shift()?.signal);
    count = Math.min(STOP.requests, Math.floor((elapsed * STOP.aSecond) / 1_000));
    for (const victim of victims) victim.ask(count);
  }
  await Promise.all(victims.map((victim) => victim.end()));
  for (const server of servers) server.signal();
  return victims;
}

/** P14 and P15: what callers notice of an outage, in real time. */
export async function* benchOutage(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const recovery = await recover();
  const victims = await failures({
    leastLoaded: leastLoaded(),
    peakEwma: peakEwma(),
    powerOfTwoChoices: powerOfTwoChoices(),
  });
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
    ...victims.map(({ name, failed }) => ({
      goal: 'P15',
      about: `callers that fail under ${name} while one server of three is stopped for 4 s`,
      measured: `${STOP.requests.toLocaleString('en')} callers`,
      baseline: `each fails after ${STOP.timeout} ms`,
      figure: failed,
      unit: '',
      limit: { atMost: 25 },
    })),
  ];
}
