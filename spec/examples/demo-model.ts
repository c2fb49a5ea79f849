import type { Model } from '../../examples/demo/model.js';

/** A moment of the demo, for what is drawn of it. */
export const MODEL: Model = {
  elapsed: 3_400,
  duration: 12_000,
  target: 'a server',
  health: {
    name: undefined,
    status: 'degraded',
    poolSize: 3,
    total: 3,
    fresh: 0,
    connecting: 0,
    connected: 2,
    idle: 0,
    used: 2,
    draining: 0,
    ejected: 0,
    broken: 1,
    abandoned: 0,
    pending: 1_017,
    waiting: 0,
    suspended: false,
  },
  rows: [
    { number: 1, state: 'connected', pending: 3, served: 1_234, reconnects: 0, note: '' },
    { number: 2, state: 'broken', pending: 0, served: 987, reconnects: 2, note: 'redial in 0.4 s' },
    { number: 3, state: 'connected', pending: 1_014, served: 1_500, reconnects: 1, note: '' },
  ],
  throughput: [0, 1_000, 2_000],
  answered: 3_721,
  wrong: 0,
  errors: 2,
  cut: 4,
  reconnects: 3,
  p50: 4.74,
  p99: 68.41,
  news: [
    { at: 1_000, text: 'cut 2 connections' },
    { at: 1_001, text: '#2 lost: ECONNRESET' },
  ],
};
