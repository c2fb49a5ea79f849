import { ConnectionPool, type ExponentialBackoffOptions, exponentialBackoff, reconnectBroken } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { seeded } from '../support/seeded.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { wholeMilliseconds } from '../support/whole-milliseconds.js';

const SEED = 20_250_101;
/** In milliseconds. */
const WINDOW = 100;

/** One server, and when it was dialled. */
class Server {
  readonly clock = new VirtualClock(wholeMilliseconds());
  readonly connections = new Set<ScriptedConnection>();
  readonly dials: number[] = [];
  isUp = true;

  readonly connect = (): ScriptedConnection => new ServedConnection(this);

  goDown(): void {
    this.isUp = false;
    this.dials.length = 0;
    for (const connection of this.connections) connection.lose();
  }
}

/** One for all: a stack for each would take longer than the rest. */
const refusal = new Error('refused');

class ServedConnection extends ScriptedConnection {
  constructor(readonly server: Server) {
    super();
    server.connections.add(this);
  }

  protected override open(signal: AbortSignal): Promise<object> {
    const { clock, dials, isUp } = this.server;
    dials.push(clock.now);
    return isUp ? super.open(signal) : Promise.reject(refusal);
  }
}

/** The most dials in any window. */
function peak(dials: readonly number[]): number {
  let oldest = 0;
  let most = 0;
  dials.forEach((time, index) => {
    while (dials[oldest]! <= time - WINDOW) oldest++;
    most = Math.max(most, index - oldest + 1);
  });
  return most;
}

interface Outage {
  /** Dials in a window on average, from the loss until all were whole again. */
  readonly mean: number;
  /** The most dials in any window that begins so many milliseconds after the loss or later. */
  peakSince(milliseconds: number): number;
  /** The dials since the server was back. */
  readonly recovery: readonly number[];
  readonly connections: number;
  /** How the pools are one longest wait after the server was back. */
  readonly statuses: readonly string[];
}

/** Pools of two to four connections lose their one server, all at once and for so many seconds. */
async function outage(seconds: number, options: ExponentialBackoffOptions = {}): Promise<Outage> {
  const server = new Server();
  const { clock, dials, connections } = server;
  const { scheduler } = clock;
  const backoff = exponentialBackoff({ ...options, random: seeded(SEED) });
  const heal = reconnectBroken<ScriptedConnection>({ scheduler, backoff });
  const pools = Array.from(
    { length: 1_000 },
    (_, number) => new ConnectionPool(2 + (number % 3), server.connect, { scheduler, heal }),
  );
  await Promise.all(pools.map((pool) => pool.setup()));
  server.goDown();
  await clock.advance(1_000 * seconds);
  const before = dials.length;
  server.isUp = true;
  await clock.advance(5_000);
  const statuses = [...new Set(pools.map(({ health }) => health.status))];
  return {
    mean: (dials.length * WINDOW) / dials.at(-1)!,
    peakSince: (milliseconds) => peak(dials.filter((time) => time >= milliseconds)),
    recovery: dials.slice(before),
    connections: connections.size,
    statuses,
  };
}

describe(`A thousand pools that lose their server at once (seed ${SEED})`, () => {
  describe('for a minute, with the backoff they have by default', () => {
    let minute: Outage;

    beforeAll(async () => {
      minute = await outage(60);
    }, 120_000);

    it('are whole again within the longest wait after it is back', () => {
      expect(minute.statuses).toEqual(['healthy']);
    });

    it('do not stampede it when it is back: each dials once, and never three times the mean at a time', () => {
      const { recovery, connections } = minute;
      const mean = (recovery.length * WINDOW) / 5_000;
      expect(recovery).toHaveLength(connections);
      expect(peak(recovery)).toBeLessThan(3 * mean);
    });

    it('never dial it more than three times the mean from two seconds after its loss on', () => {
      expect(minute.peakSince(2_000)).toBeLessThan(3 * minute.mean);
    });

    // A ceiling of 100 ms cannot spread them any better: it is for the loss of one connection, which is back at once.
    it('knock at most once and a half each in the first 100 ms', () => {
      expect(minute.peakSince(0)).toBeLessThan(1.5 * minute.connections);
    });
  });

  it('never dial it more than three times the mean, its loss included, where the first ceiling is 2 s', async () => {
    const { mean, peakSince, statuses } = await outage(10, { initial: 2_000 });
    expect(peakSince(0)).toBeLessThan(3 * mean);
    expect(statuses).toEqual(['healthy']);
  }, 60_000);
});
