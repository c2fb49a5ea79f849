import { ConnectionPool, type ExponentialBackoffOptions, exponentialBackoff, reconnectBroken } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { scaled } from '../support/scales.js';
import { seeded } from '../support/seeded.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { wholeMilliseconds } from '../support/whole-milliseconds.js';

const SEED = 20_250_101;
const POOLS = scaled('stampede');
/** Long enough for every wait to reach its ceiling. */
const SECONDS = scaled('outage');
/** In milliseconds. */
const WINDOW = 100;

/** A server and the times of its dials. */
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

/** One error for all dials: creating a stack for each would dominate the run time. */
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
  /** Average number of dials per window, from the loss to the last dial before the server was back. */
  readonly mean: number;
  /** The most dials in any window, counting those from `milliseconds` after the loss until the server was back. */
  peakSince(milliseconds: number): number;
  /** The dials since the server was back. */
  readonly recovery: readonly number[];
  readonly connections: number;
  /** Statuses of the pools 5 s, the longest backoff, after the server was back. */
  readonly statuses: readonly string[];
}

/** 1,000 pools of two to four connections lose their common server at once, for `seconds`. */
async function outage(seconds: number, options: ExponentialBackoffOptions = {}): Promise<Outage> {
  const server = new Server();
  const { clock, dials, connections } = server;
  const { scheduler } = clock;
  const backoff = exponentialBackoff({ ...options, random: seeded(SEED) });
  const heal = reconnectBroken<ScriptedConnection>({ scheduler, backoff });
  const pools = Array.from(
    { length: POOLS },
    (_, number) => new ConnectionPool(2 + (number % 3), server.connect, { scheduler, heal }),
  );
  await Promise.all(pools.map((pool) => pool.setup()));
  server.goDown();
  await clock.advance(1_000 * seconds);
  const before = dials.slice();
  server.isUp = true;
  await clock.advance(5_000);
  const statuses = [...new Set(pools.map(({ health }) => health.status))];
  return {
    mean: (before.length * WINDOW) / before.at(-1)!,
    peakSince: (milliseconds) => peak(before.filter((time) => time >= milliseconds)),
    recovery: dials.slice(before.length),
    connections: connections.size,
    statuses,
  };
}

describe(`${POOLS} pools lose their server at once (seed ${SEED})`, () => {
  describe(`for ${SECONDS} s, with the default backoff`, () => {
    let long: Outage;

    beforeAll(async () => {
      long = await outage(SECONDS);
    }, 600_000);

    it('reconnectBroken() of many pools: all are healthy 5 s after their server is back', () => {
      expect(long.statuses).toEqual(['healthy']);
    });

    // The first success of a pool has the rest of it dialled, so that dials come earlier than the backoffs would have them.
    it('reconnectBroken() of many pools: when the server is back, each connection dials once, a fifth of them within 100 ms at most', () => {
      const { recovery, connections } = long;
      expect(recovery).toHaveLength(connections);
      expect(peak(recovery)).toBeLessThan(connections / 5);
    });

    it('reconnectBroken() of many pools: from 2 s after the loss on, the peak dial rate is under 3 times the mean', () => {
      expect(long.peakSince(2_000)).toBeLessThan(3 * long.mean);
    });

    // The first ceiling, 100 ms, spreads dials over one window only; it is meant for the loss of a single connection.
    it('reconnectBroken() of many pools: no 100 ms window has more than 1.5 dials per connection', () => {
      expect(long.peakSince(0)).toBeLessThan(1.5 * long.connections);
    });
  });

  it('reconnectBroken() of many pools, initial: 2_000: the peak dial rate is under 3 times the mean', async () => {
    const { mean, peakSince, statuses } = await outage(10, { initial: 2_000 });
    expect(peakSince(0)).toBeLessThan(3 * mean);
    expect(statuses).toEqual(['healthy']);
  }, 600_000);
});
