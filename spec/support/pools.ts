import { ConnectionPool, type ConnectionPoolOptions, type Health, type PoolEvent } from 'rxpool';

import type { DialScript } from 'rxpool/testing';
import type { Make, TestConnection } from './connections.js';
import { VirtualClock } from './virtual-clock.js';

interface EqualityTesting {
  addEqualityTesters(testers: ((a: unknown, b: unknown) => boolean | undefined)[]): void;
}

// Connections are compared by identity, not by their fields.
(expect as unknown as EqualityTesting).addEqualityTesters([
  (a, b) => (isTestConnection(a) && isTestConnection(b) ? a === b : undefined),
]);

const isTestConnection = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'onDial' in value && 'onClose' in value;

/** A pool in virtual time, without healing by default, and every connection that its factory has made. */
export interface Rig {
  readonly pool: ConnectionPool<TestConnection>;
  readonly clock: VirtualClock;
  readonly made: TestConnection[];
  readonly events: PoolEvent<TestConnection>[];
  /** How dials of the connections made from now on end. */
  script: DialScript;
}

export function rig(make: Make, poolSize: number, options: ConnectionPoolOptions<TestConnection> = {}): Rig {
  const clock = new VirtualClock();
  const made: TestConnection[] = [];
  const factory = (): TestConnection => {
    const connection = make(self.script, `#${made.length + 1}`);
    made.push(connection);
    return connection;
  };
  const pool = new ConnectionPool<TestConnection>(poolSize, factory, {
    heal: false,
    scheduler: clock.scheduler,
    ...options,
  });
  const self: Rig = { pool, clock, made, events: [], script: 'accept' };
  pool.events$.subscribe((event) => {
    const { at, name, endpoint, ...happening } = { name: undefined, endpoint: undefined, ...event };
    self.events.push(happening as PoolEvent<TestConnection>);
  });
  return self;
}

/** A pool that has been set up. */
export async function openRig(
  make: Make,
  size: number,
  options: ConnectionPoolOptions<TestConnection> = {},
): Promise<Rig> {
  const opened = rig(make, size, options);
  await opened.pool.setup();
  return opened;
}

export const names = (connections: readonly TestConnection[]): string => connections.map(({ name }) => name).join(' ');

export const statesOf = (connections: readonly TestConnection[]): string =>
  connections.map(({ state }) => state).join(' ');

/** The figures that are not zero, without the status, the name and what only load decides. */
export function figures(health: Health): Partial<Health> {
  const { status, name, suspended, idle, used, ...counts } = health;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** Whether a promise has settled, and how. */
export interface Outcome<T> {
  status: 'pending' | 'resolved' | 'rejected';
  value?: T;
  reason?: unknown;
}

export function watch<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { status: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { status: 'resolved', value }),
    (reason: unknown) => Object.assign(outcome, { status: 'rejected', reason }),
  );
  return outcome;
}

/** The error that a call throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
}
