import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, type ConnectionPoolOptions, leastLoaded, peakEwma, resilient } from 'rxpool';
import { LineConnection } from './line-connection.js';
import type { Finding, Medians, Race } from './measure.js';
import { type ServerProcess, startServer } from './server-process.js';

const SERVERS = 3;
const SIZE = 6;
/** Milliseconds of an answer. */
const SERVICE = 10;
const CALLS_A_SECOND = 400;
/** Of 20 seconds: what is found out after half a second, and then costs nothing, is within the 99th percentile. */
const CALLS = 8_000;
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
  { name: 'slower by 5', service: 5 * SERVICE },
  { name: 'slower by 10', service: 10 * SERVICE },
  { name: 'slower by 50', service: 50 * SERVICE },
  { name: 'stopped', service: undefined },
];

/** The way of those whose servers are all healthy. */
const CONTROL = 'leastLoaded';
/** The way that the goal is for; the others stand beside it. */
const GOAL = 'leastLoaded, and resilient() with slowerThan: 2';

/** How callers use the servers. */
interface Way {
  readonly timeout: number;
  /** Made for each pool: another working tree may not know some of them. */
  readonly options: () => ConnectionPoolOptions<LineConnection>;
}

const WAYS: Readonly<Record<string, Way>> = {
  [CONTROL]: { timeout: TIMEOUT, options: () => ({ select: leastLoaded() }) },
  peakEwma: { timeout: TIMEOUT, options: () => ({ select: peakEwma() }) },
  [GOAL]: {
    timeout: TIMEOUT,
    options: () => ({ select: leastLoaded(), policies: resilient({ ejectOutliers: { slowerThan: 2 } }) }),
  },
  [`leastLoaded, resilient() and a timeout of ${NEAR_TIMEOUT} ms`]: {
    timeout: NEAR_TIMEOUT,
    options: () => ({ select: leastLoaded(), policies: resilient() }),
  },
};

/** The 99th percentiles of how long callers waited for an answer, or for their deadline. */
interface Percentiles {
  /** Each way, with one server in trouble. */
  readonly troubled: Readonly<Record<string, number>>;
  /** At the same time, over as many servers of which none is. */
  readonly healthy: number;
}

const start = (services: readonly number[]): Promise<ServerProcess[]> =>
  Promise.all(services.map((service) => startServer('slow-server-program.ts', `${service}`)));

const make = ({ endpoint = '' }): LineConnection =>
  Object.assign(new LineConnection(Number(endpoint.split(':')[1])), { endpoint });

/** A pool over some servers, and how long its callers waited. */
function callersOf(servers: readonly ServerProcess[], { timeout, options }: Way) {
  const endpoints = servers.map(({ port }) => `127.0.0.1:${port}`);
  const pool = new ConnectionPool<LineConnection>(SIZE, make, { ...options(), endpoints });
  const times: number[] = [];
  const call = async (): Promise<void> => {
    const started = performance.now();
    await pool.use((connection, { signal }) => connection.ask(signal), { timeout }).catch(() => {});
    times.push(performance.now() - started);
  };
  const percentile = (): number => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number;
  return { pool, call, percentile };
}

async function measure({ service }: Trouble): Promise<Percentiles> {
  const all = Array.from({ length: SERVERS }, () => SERVICE);
  const [troubled, healthy] = await Promise.all([start([service ?? SERVICE, ...all.slice(1)]), start(all)]);
  const ways = Object.entries(WAYS).map(([name, way]) => ({ name, ...callersOf(troubled, way) }));
  const control = callersOf(healthy, WAYS[CONTROL] as Way);
  const pools = [...ways, control];
  await Promise.all(pools.map(({ pool }) => pool.ready({ min: SIZE })));
  if (service === undefined) troubled[0]?.signal('SIGSTOP');
  const calls: Promise<void>[] = [];
  const begin = performance.now();
  for (let made = 0; made < CALLS; await sleep(1)) {
    const due = Math.min(CALLS, Math.floor(((performance.now() - begin) * CALLS_A_SECOND) / 1_000));
    for (; made < due; made++) calls.push(...pools.map(({ call }) => call()));
  }
  await Promise.all(calls);
  if (service === undefined) troubled[0]?.signal('SIGCONT');
  await Promise.all(pools.map(({ pool }) => pool.dispose()));
  for (const server of [...troubled, ...healthy]) server.signal();
  return {
    troubled: Object.fromEntries(ways.map(({ name, percentile }) => [name, percentile()])),
    healthy: control.percentile(),
  };
}

/** P16: what callers notice of one server of three that is slow, or has stopped. */
export async function* benchServers(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const findings: (Finding | string)[] = [];
  for (const trouble of TROUBLES) {
    const { troubled, healthy } = await measure(trouble);
    const of = (way: string): number => troubled[way] as number;
    findings.push({
      goal: 'P16',
      about: `p99 under ${GOAL}, with one server of three ${trouble.name}`,
      measured: `${of(GOAL).toFixed(1)} ms`,
      baseline: `all healthy ${healthy.toFixed(1)} ms, an answer takes ${SERVICE} ms`,
      figure: of(GOAL) / healthy,
      unit: '×',
      limit: { atMost: 2 },
    });
    const others = Object.keys(WAYS).filter((way) => way !== GOAL);
    const shown = (way: string): string => `${way} ${(of(way) / healthy).toFixed(2)}× (${of(way).toFixed(1)} ms)`;
    findings.push(`beside it: ${others.map(shown).join('; ')}`);
  }
  yield { variants: [], rounds: 0 };
  return findings;
}
