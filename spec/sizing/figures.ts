import type { Health } from 'rxpool';

/** The health of an open pool with the given figures, and 0 for all others. */
export const figures = (given: Partial<Health>): Health => ({
  name: undefined,
  status: 'healthy',
  poolSize: 0,
  total: 0,
  fresh: 0,
  connecting: 0,
  connected: 0,
  idle: 0,
  used: 0,
  draining: 0,
  ejected: 0,
  broken: 0,
  abandoned: 0,
  pending: 0,
  waiting: 0,
  suspended: false,
  ...given,
});
