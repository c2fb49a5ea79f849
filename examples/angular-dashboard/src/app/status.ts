import type { HealthStatus } from 'rxpool';
import type { Phase } from '#nestjs-app/pool-reports.js';

/** How a pool is, or that nothing is heard of it. */
export type Status = HealthStatus | 'unknown';

/** What a status, or a phase of a connection, looks like: each tone has a shape of its own beside its colour. */
export type Tone = 'good' | 'busy' | 'bad' | 'neutral';

export const STATUS_TONES: Readonly<Record<Status, Tone>> = {
  healthy: 'good',
  degraded: 'busy',
  starting: 'busy',
  down: 'bad',
  empty: 'neutral',
  closed: 'neutral',
  unknown: 'neutral',
};

export const PHASE_TONES: Readonly<Record<Phase, Tone>> = {
  connected: 'good',
  connecting: 'busy',
  draining: 'busy',
  ejected: 'busy',
  broken: 'bad',
  abandoned: 'bad',
  fresh: 'neutral',
};
