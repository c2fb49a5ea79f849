import type { FaultLink } from 'rxpool/testing/node';
import { RequestError } from 'rxpool/zcached';
import { seeded } from '../../support/seeded.js';
import { turns, until } from '../../support/until.js';
import { FaultRig } from '../fault-rig.js';

export interface StormOptions {
  readonly requests: number;
  readonly faults: number;
  readonly seed: number;
}

/** What came of it. */
export interface StormTally {
  readonly milliseconds: number;
  readonly answered: number;
  /** Failed with an error that says whether it was sent. */
  readonly never: number;
  readonly maybe: number;
  /** How often each kind of fault came. */
  readonly faults: Record<string, number>;
  /** By how many milliseconds deadlines were missed at most, but for one request in a thousand. */
  readonly lateness: number;
  /** These are to be 0. */
  readonly wrong: number;
  readonly strange: number;
  readonly uneven: number;
  readonly leaked: number;
  readonly repeated: number;
  /** What {@link FaultRig.close} tells. */
  readonly rest: unknown;
}

const CALLERS = 96;
const TIMEOUT = 250;

/** So many requests through a pool while so many random faults hit its connections, its proxy and its server. */
export async function storm({ requests, faults, seed }: StormOptions): Promise<StormTally> {
  const random = seeded(seed);
  const rig = await FaultRig.open({
    size: 16,
    connection: { requestTimeout: TIMEOUT, connectTimeout: 2_000 },
    proxy: { toClient: { cut: (bytes) => (random() < 0.95 ? bytes : 1 + Math.floor(random() * bytes)) } },
  });
  const run = new Storm(rig, random, requests);
  const started = performance.now();
  const callers = Array.from({ length: CALLERS }, () => run.call());
  for (let fault = 1; fault <= faults; fault++) {
    // Spread evenly over the requests.
    await until(() => run.asked >= (fault * requests) / (faults + 1));
    await run.strike();
  }
  await Promise.all(callers);
  const milliseconds = Math.round(performance.now() - started);
  rig.server.resume();
  for (const { toClient } of rig.proxy.links) toClient.resume();
  await found(rig);
  await rig.whole();
  return run.tally(milliseconds, await rig.close());
}

/** Peers that fell silent are found out by whoever asks them, and by nobody else. */
async function found(rig: FaultRig): Promise<void> {
  for (let silent = true; silent; ) {
    await until(() => rig.isWhole);
    const asked = rig.pool.connections.map((connection) => rig.ask('anybody there', connection));
    silent = (await Promise.allSettled(asked)).some(({ status }) => status === 'rejected');
  }
}

class Storm {
  asked = 0;
  readonly #figures = { answered: 0, never: 0, maybe: 0, wrong: 0, strange: 0 };
  readonly #settled: number[] = [];
  readonly #unsent: string[] = [];
  readonly #late: number[] = [];
  readonly #faults: Record<string, number> = {};

  constructor(
    private readonly rig: FaultRig,
    private readonly random: () => number,
    private readonly requests: number,
  ) {}

  async call(): Promise<void> {
    while (this.asked < this.requests) await this.#ask(this.asked++);
  }

  async #ask(index: number): Promise<void> {
    const nonce = `nonce ${index}`;
    const controller = this.random() < 0.05 ? new AbortController() : undefined;
    if (controller) void turns(10 * this.random()).then(() => controller.abort());
    let began = 0;
    try {
      const reply = await this.rig.pool.use((connection) => {
        began = performance.now();
        return connection.request({ command: 'ECHO', args: [nonce], signal: controller?.signal });
      });
      this.#figures[reply === nonce ? 'answered' : 'wrong']++;
    } catch (error) {
      this.#failed(nonce, error);
    }
    if (began > 0) this.#late.push(Math.max(0, performance.now() - began - TIMEOUT));
    this.#settled[index] = (this.#settled[index] ?? 0) + 1;
  }

  #failed(nonce: string, error: unknown): void {
    if (!(error instanceof RequestError)) {
      this.#figures.strange++;
      return;
    }
    this.#figures[error.sent]++;
    if (error.sent === 'never') this.#unsent.push(nonce);
  }

  /** One fault, of a random kind, somewhere; those that last are over after some turns of the event loop. */
  async strike(): Promise<void> {
    const { server, proxy } = this.rig;
    const link = proxy.links[Math.floor(this.random() * proxy.links.length)];
    const kinds: [string, number, (link: FaultLink) => void | Promise<void>][] = [
      ['reset', 25, (one) => one.reset()],
      ['reset by the server', 20, () => void server.cutConnections(1)],
      ['half-closed', 20, (one) => one.toClient.end()],
      [
        'held',
        15,
        (one) =>
          this.#while(
            () => one.toClient.hold(),
            () => one.toClient.resume(),
          ),
      ],
      [
        'silent server',
        10,
        () =>
          this.#while(
            () => server.pause(),
            () => server.resume(),
          ),
      ],
      ['silent peer', 9, (one) => one.toClient.swallow()],
      ['restart', 1, () => this.#restart()],
    ];
    // As many tickets as a kind has weight.
    const tickets = kinds.flatMap((kind) => Array.from({ length: kind[1] }, () => kind));
    const [name, , strike] = tickets[Math.floor(tickets.length * this.random())]!;
    if (!link) return;
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    await strike(link);
  }

  #while(begin: () => void, end: () => void): void {
    begin();
    void turns(50 * this.random()).then(end);
  }

  async #restart(): Promise<void> {
    await this.rig.server.close();
    await this.rig.startServer();
  }

  tally(milliseconds: number, rest: unknown): StormTally {
    const { seen } = this.rig;
    const all = Array.from({ length: this.requests }, (_, index) => index);
    const late = this.#late.sort((a, b) => a - b);
    return {
      milliseconds,
      ...this.#figures,
      faults: this.#faults,
      lateness: Math.round(late[Math.floor(0.999 * late.length)] ?? 0),
      uneven: all.filter((index) => this.#settled[index] !== 1).length,
      leaked: this.#unsent.filter((nonce) => seen.has(nonce)).length,
      repeated: all.filter((index) => (seen.get(`nonce ${index}`) ?? 0) > 1).length,
      rest,
    };
  }
}
