import { parseArgs } from 'node:util';

/** What the settings are injected by. */
export const SETTINGS = 'SETTINGS';

/** How the application runs. */
export interface Settings {
  /** Where it listens; 0 for a free port. */
  readonly port: number;
  /** Where its zcached server is; without it, one runs in the process. */
  readonly zcached: string | undefined;
  /** Returns the milliseconds that a server in the process takes for a reply. */
  readonly latency: () => number;
  /** Milliseconds that the pool has to be ready in. */
  readonly startTimeout: number;
  /** Whether there are endpoints that break things. */
  readonly isDemo: boolean;
  /** The folder of a page that it serves, such as the built one of examples/angular-dashboard; undefined for none. */
  readonly page: string | undefined;
  /** Whether OpenTelemetry writes to the console. */
  readonly isTraced: boolean;
}

/** As in a network: most replies take a few milliseconds, and a few of them many. */
const uneven = (): number => Math.min(150, 8 - 14 * Math.log(1 - Math.random()));

function latencyOf(isDemo: boolean, { LATENCY }: NodeJS.ProcessEnv): () => number {
  if (isDemo && LATENCY === undefined) return uneven;
  const latency = Number(LATENCY ?? 0);
  return () => latency;
}

const OPTIONS = { demo: { type: 'boolean' }, telemetry: { type: 'boolean' } } as const;

/** Throws an error with a code that begins with ERR_PARSE_ARGS for arguments that it does not know. */
export function settingsOf(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const { demo = false, telemetry = false } = parseArgs({ args: [...args], options: OPTIONS }).values;
  return {
    port: Number(env.PORT ?? 3000),
    zcached: env.ZCACHED_URL,
    latency: latencyOf(demo, env),
    startTimeout: Number(env.START_TIMEOUT ?? 10_000),
    isDemo: demo,
    page: env.PAGE,
    isTraced: telemetry,
  };
}
