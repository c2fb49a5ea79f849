/** What the settings are injected by. */
export const SETTINGS = 'SETTINGS';

/** How the application runs. */
export interface Settings {
  /** Where it listens; 0 for a free port. */
  readonly port: number;
  /** Where its zcached server is; without it, one runs in the process. */
  readonly zcached: string | undefined;
  /** Milliseconds that the server in the process takes for a reply. */
  readonly latency: number;
  /** Milliseconds that the pool has to be ready in. */
  readonly startTimeout: number;
  /** Whether there are endpoints that break things. */
  readonly isDemo: boolean;
  /** Whether OpenTelemetry writes to the console. */
  readonly isTraced: boolean;
}

export const settingsOf = (args: readonly string[], env: NodeJS.ProcessEnv): Settings => ({
  port: Number(env.PORT ?? 3000),
  zcached: env.ZCACHED_URL,
  latency: Number(env.LATENCY ?? 0),
  startTimeout: Number(env.START_TIMEOUT ?? 10_000),
  isDemo: args.includes('--demo'),
  isTraced: args.includes('--telemetry'),
});
