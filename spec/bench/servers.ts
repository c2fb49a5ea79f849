import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, type ConnectionPoolOptions, leastLoaded, peakEwma, resilient } from 'rxpool';
import { LineConnection } from './line-connection.js';
import type { Finding, Medians, Race } from './measure.js';
import { startServer } from './server-process.js';

const SERVERS = 3;
const SIZE = 6;
/** Milliseconds of an answer. */
const SERVICE = 10;
const CALLS_A_SECOND = 400;
const CALLS = 4_000;
const TIMEOUT = 1_000;
/** A deadline near what an answer takes, as a service has that knows its server. */
const NEAR_TIMEOUT = 6 * SERVICE;

/** What is wrong with one of the servers. */
interface Trouble {
  readonly name: string;
  /** Milliseconds of its answers; none where it is stopped. */
  readonly service: number | undefined;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'slower by 3', service: 3 * SERVICE },
  { name: 'slower by 10', service: 10 * SERVICE },
  { name: 'slower by 50', service: 50 * SERVICE },
  { name: 'stopped', service: undefined },
];

/** How callers use the servers. */
interface Way {
  readonly timeout: number;
  readonly options: ConnectionPoolOptions<LineConnection>;
}

const WAYS: Readonly<Record<string, Way>> = {
  leastLoaded: { timeout: TIMEOUT, options: { select: leastLoaded() } },
  peakEwma: { timeout: TIMEOUT, options: { select: peakEwma() } },
  [`leastLoaded, resilient() and a timeout of ${NEAR_TIMEOUT} ms`]: {
    timeout: NEAR_TIMEOUT,
    options: { select: leastLoaded(), policies: resilient() },
  },
};

/** The 99th percentile of how long callers waited for an answer, or for their deadline, each way. */
async function percentiles(services: readonly number[], stopsFirst: boolean): Promise<Record<string, number>> {
  const servers = await Promise.all(services.map((service) => startServer('slow-server-program.ts', `${service}`)));
  const endpoints = servers.map(({ port }) => `127.0.0.1:${port}`);
  const make = ({ endpoint = '' }): LineConnection => new LineConnection(Number(endpoint.split(':')[1]));
  const pools = Object.entries(WAYS).map(([name, { timeout, options }]) => {
    const pool = new ConnectionPool<LineConnection>(SIZE, make, { ...options, endpoints });
    return { name, pool, timeout, times: [] as number[] };
  });
  await Promise.all(pools.map(({ pool }) => pool.ready({ min: SIZE })));
  if (stopsFirst) servers[0]?.signal('SIGSTOP');
  const calls: Promise<void>[] = [];
  const begin = performance.now();
  for (let made = 0; made < CALLS; await sleep(1)) {
    const due = Math.min(CALLS, Math.floor(((performance.now() - begin) * CALLS_A_SECOND) / 1_000));
    for (; made < due; made++) {
      for (const { pool, timeout, times } of pools) {
        const started = performance.now();
        const call = pool.use((connection, { signal }) => connection.ask(signal), { timeout });
        calls.push(call.catch(() => {}).then(() => void times.push(performance.now() - started)));
      }
    }
  }
  await Promise.all(calls);
  if (stopsFirst) servers[0]?.signal('SIGCONT');
  await Promise.all(pools.map(({ pool }) => pool.dispose()));
  for (const server of servers) server.signal();
  return Object.fromEntries(
    pools.map(({ name, times }) => [name, times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number]),
  );
}

/** P16: what callers notice of one server of three that is slow, or has stopped. */
export async function* benchServers(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const all = Array.from({ length: SERVERS }, () => SERVICE);
  const healthy = await percentiles(all, false);
  const findings: (Finding | string)[] = [];
  for (const { name, service } of TROUBLES) {
    const troubled = await percentiles([service ?? SERVICE, ...all.slice(1)], service === undefined);
    for (const way of Object.keys(WAYS)) {
      const [before, after] = [healthy[way] as number, troubled[way] as number];
      findings.push({
        goal: 'P16',
        about: `p99 under ${way}, with one server of three ${name}`,
        measured: `${after.toFixed(1)} ms`,
        baseline: `all healthy ${before.toFixed(1)} ms, an answer takes ${SERVICE} ms`,
        figure: after / before,
        unit: '×',
        limit: { atMost: 2 },
      });
    }
  }
  yield { variants: [], rounds: 0 };
  return findings;
}
