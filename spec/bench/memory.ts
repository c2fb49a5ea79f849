import { BehaviorSubject } from 'rxjs';
import { BaseConnection, type ConnectionState } from '../../src/index.js';
import { Registry } from '../../src/registry/registry.js';
import { Rounds } from '../../src/streams/rounds.js';
import { median, report } from './measure.js';

const COUNT = 20_000;

/** The least of the library's own kind. */
class Plain extends BaseConnection<object> {
  protected override open(): Promise<object> {
    return Promise.resolve({});
  }
  protected override shut(): void {}
}

/** Bytes that one more of something keeps, a median: the heap holds more than what is looked at. */
const bytesEach = (make: (count: number) => unknown): number =>
  median(Array.from({ length: 9 }, () => measureBytes(make)));

function measureBytes(make: (count: number) => unknown): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const kept = make(COUNT);
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / COUNT;
  if (!kept) throw new Error('nothing was kept');
  return bytes;
}

function members(count: number): unknown {
  const registry = new Registry<Plain>(new Rounds());
  registry.keeper = { stateChanged: () => {}, dial: () => Promise.resolve({ ok: true }) };
  const cells = registry.join(Array.from({ length: count }, () => new Plain()));
  for (const cell of cells) registry.move(cell, 'connected');
  return registry;
}

function subjects(count: number): unknown {
  const seen = { state: 0, pending: 0 };
  return Array.from({ length: count }, () => {
    const state$ = new BehaviorSubject<ConnectionState>('idle');
    const pending$ = new BehaviorSubject(0);
    const subscriptions = [
      state$.subscribe(() => void seen.state++),
      pending$.subscribe((pending) => (seen.pending = pending)),
    ];
    return { state$, pending$, subscriptions };
  });
}

export function benchMemory(): boolean {
  const own = bytesEach(members);
  const baseline = bytesEach(subjects);
  return report({
    goal: 'P9 a connection in a pool, nobody watching',
    measured: `${Math.round(own)} bytes, the connection object and its places in the pool's lists included`,
    baseline: `two BehaviorSubjects and their subscriptions ${Math.round(baseline).toLocaleString('en')} bytes`,
    figure: own,
    unit: ' bytes',
    limit: { atMost: 200 },
  });
}
