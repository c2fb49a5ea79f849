import fc from 'fast-check';
import { Request } from '../../src/request/request.js';
import { RequestTable } from '../../src/request/table.js';
import { VirtualClock } from './virtual-clock.js';

type Step =
  | { readonly kind: 'ask'; readonly timeout: number; readonly signal: boolean }
  | { readonly kind: 'answer' }
  | { readonly kind: 'abort'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'close' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('ask'), timeout: fc.integer({ min: 1, max: 40 }), signal: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort'), which: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close') }) },
) as fc.Arbitrary<Step>;

/** Replies name the request that was written; so a reply that finds another one is seen. */
function run(steps: readonly Step[], maxInFlight: number): void {
  const clock = new VirtualClock();
  const wire: number[] = [];
  const begun: { settled: number; deadline: number; written: boolean; controller: AbortController }[] = [];
  let pending = 0;
  let closed = false;
  const host = {
    write: (id: number) => {
      begun[id]!.written = true;
      expect(begun[id]!.settled).toBe(0);
      wire.push(id);
    },
    settled: () => void pending--,
    overdue: () => {
      closed = true;
      table.close('overdue');
    },
  };
  const table = new RequestTable<number, number>(host, { clock, usualTimeout: 10, maxQueue: 5, maxInFlight });

  const ask = (timeout: number, signal: boolean): void => {
    const id = begun.length;
    const entry = { settled: 0, deadline: clock.now() + timeout, written: false, controller: new AbortController() };
    begun.push(entry);
    const resolve = (reply: number) => {
      expect(reply).toBe(id);
      entry.settled++;
    };
    const reject = (error: unknown) => {
      expect(error).toMatchObject({ sent: entry.written ? 'maybe' : 'never' });
      entry.settled++;
    };
    try {
      table.add(new Request('r', id, timeout, signal ? entry.controller.signal : undefined, resolve, reject));
      pending++;
    } catch (error) {
      reject(error);
    }
  };

  for (const next of steps) {
    if (next.kind === 'ask') ask(next.timeout, next.signal);
    if (next.kind === 'abort') begun[next.which]?.controller.abort();
    if (next.kind === 'wait') clock.advance(next.ms);
    if (next.kind === 'close') {
      closed = true;
      table.close('closed');
    }
    if (next.kind === 'answer' && table.oldest && !closed) {
      table.hold();
      table.answer(table.oldest, wire.shift()!);
      table.release();
    }
    expect(pending).toBe(begun.filter((entry) => entry.settled === 0).length);
    expect(table.outstanding).toBe(closed ? 0 : wire.length);
    for (const entry of begun) {
      expect(entry.settled).toBeLessThanOrEqual(1);
      if (entry.settled === 0) expect(entry.deadline).toBeGreaterThan(clock.now());
    }
  }
  table.close('the end');
  expect([pending, clock.pending]).toEqual([0, 0]);
}

it.each([1, 3])(
  'whatever happens, with %d in flight: everything settles once, in time, with its own reply',
  (maxInFlight) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => run(steps, maxInFlight)),
      { numRuns: 1500 },
    );
  },
);
