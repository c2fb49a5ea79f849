import { getEventListeners } from 'node:events';
import { startFaultProxy, startZcachedServer, type ZcachedGeneration } from 'rxpool/testing/node';
import { RequestAbortedError, ZcachedConnection } from 'rxpool/zcached';
import { countingClock } from '../../support/invariants.js';
import { seeded } from '../../support/seeded.js';
import { turns } from '../../support/until.js';

export interface CancellationOptions {
  readonly count: number;
  readonly seed: number;
  readonly generation?: ZcachedGeneration;
  readonly connections?: number;
}

/** What came of it. All but the first five are to be 0. */
export interface CancellationTally {
  /** Aborted before it was asked for. */
  before: number;
  /** Aborted, and the server cannot have seen it. */
  never: number;
  /** Aborted, and the server may have seen it. */
  maybe: number;
  /** Answered with its own reply before it was aborted. */
  answered: number;
  readonly milliseconds: number;
  /** Answered with another's reply. */
  wrong: number;
  /** Ended in another way than these. */
  strange: number;
  /** Settled more often than once, or not at all. */
  uneven: number;
  /** Said never to have been sent, and yet seen by the server. */
  leaked: number;
  /** Seen by the server more than once. */
  repeated: number;
  /** Connections that did not stay connected. */
  lost: number;
  /** Left behind at rest: requests that count as pending, signals listened to, and once all is closed timers. */
  pending: number;
  listeners: number;
  timers: number;
}

/** Requests under way at once, for each connection: one on the wire, the others behind it. */
const ABREAST = 8;
/** How many turns of the event loop after it was asked for a request is aborted, at most. */
const TURNS = 30;

/**
 * Aborts every one of `count` requests, at a random moment from before it is asked for to after its reply, on
 * connections in lock step whose every reply and request is delayed at random. Each carries a nonce of its own.
 */
export async function cancelAtRandom(options: CancellationOptions): Promise<CancellationTally> {
  const { count, seed, generation = '2025', connections: size = 32 } = options;
  const random = seeded(seed);
  const clock = countingClock();
  const seen = new Map<string, number>();
  const server = await startZcachedServer({
    generation,
    // Misses carry the nonces of 2024: answered after 44 ms, hardly any would be answered before it is aborted.
    flaws: { slowErrors: false },
    onRequest: ([, nonce = '']) => void seen.set(nonce, (seen.get(nonce) ?? 0) + 1),
  });
  const delay = (): number => (random() < 0.8 ? 0 : 2 * random());
  const toClient = { delay, cut: (bytes: number) => (random() < 0.9 ? bytes : 1 + Math.floor(random() * bytes)) };
  const proxy = await startFaultProxy({ port: server.port, toServer: { delay }, toClient });
  const connections = Array.from(
    { length: size },
    () => new ZcachedConnection({ port: proxy.port, requestTimeout: 60_000, clock }),
  );
  await Promise.all(connections.map((connection) => connection.connect()));
  const command = generation === '2025' ? 'ECHO' : 'GET';
  const run = new Run(count, command, random);

  const started = performance.now();
  await Promise.all(connections.flatMap((connection) => Array.from({ length: ABREAST }, () => run.call(connection))));
  const milliseconds = Math.round(performance.now() - started);
  // One more on each, behind the replies that nobody waits for any more.
  await Promise.all(connections.map((connection) => connection.send('PING')));
  const tally = run.tally(seen, milliseconds, connections);

  await Promise.all(connections.map((connection) => connection.close()));
  await proxy.close();
  await server.close();
  return { ...tally, timers: clock.timers };
}

class Run {
  #asked = 0;
  readonly #settled = new Map<string, number>();
  readonly #never: string[] = [];
  readonly #signals: AbortSignal[] = [];
  readonly #figures = { before: 0, never: 0, maybe: 0, answered: 0, wrong: 0, strange: 0 };

  constructor(
    private readonly count: number,
    private readonly command: string,
    private readonly random: () => number,
  ) {}

  /** Asks, aborts and waits, until there is nothing left to ask. */
  async call(connection: ZcachedConnection): Promise<void> {
    while (this.#asked < this.count) await this.#ask(connection, `nonce-${this.#asked++}`);
  }

  async #ask(connection: ZcachedConnection, nonce: string): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#signals.push(signal);
    const before = this.random() < 0.05;
    if (before) controller.abort();
    const asked = connection
      .request({ command: this.command, args: [nonce], signal })
      .then((reply) => this.#answered(nonce, reply))
      .catch((error) => this.#failed(nonce, error, before))
      .finally(() => void this.#settled.set(nonce, (this.#settled.get(nonce) ?? 0) + 1));
    // Some at once, most in a few turns, the rest when the reply may long be there.
    if (this.random() >= 0.2) await turns(TURNS * this.random() ** 2);
    controller.abort();
    await asked;
  }

  #answered(nonce: string, reply: unknown): void {
    this.#figures[reply === nonce ? 'answered' : 'wrong']++;
  }

  #failed(nonce: string, error: { serverText?: string; sent?: 'never' | 'maybe' }, before: boolean): void {
    // A miss repeats the key.
    if (error.serverText !== undefined) this.#answered(nonce, /^ERR '(.*)' not found$/.exec(error.serverText)?.[1]);
    else if (!(error instanceof RequestAbortedError)) this.#figures.strange++;
    else {
      this.#figures[before ? 'before' : error.sent]++;
      if (error.sent === 'never') this.#never.push(nonce);
    }
  }

  tally(
    seen: ReadonlyMap<string, number>,
    milliseconds: number,
    connections: readonly ZcachedConnection[],
  ): Omit<CancellationTally, 'timers'> {
    const nonces = Array.from({ length: this.count }, (_, index) => `nonce-${index}`);
    const count = <T>(all: readonly T[], is: (one: T) => boolean): number => all.filter(is).length;
    return {
      ...this.#figures,
      milliseconds,
      uneven: count(nonces, (nonce) => this.#settled.get(nonce) !== 1),
      leaked: count(this.#never, (nonce) => seen.has(nonce)),
      repeated: count(nonces, (nonce) => (seen.get(nonce) ?? 0) > 1),
      lost: count(connections, ({ state }) => state !== 'connected'),
      pending: connections.reduce((sum, { pending }) => sum + pending, 0),
      listeners: count(this.#signals, (signal) => getEventListeners(signal, 'abort').length > 0),
    };
  }
}
