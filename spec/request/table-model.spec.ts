// Tests the private table directly: a transport cannot reach every order of replies, deadlines and aborts.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Request } from '../../src/request/request.js';
import { RequestTable } from '../../src/request/table.js';
import { scaled } from '../support/scales.js';
import { VirtualClock } from './virtual-clock.js';

const USUAL_TIMEOUT = 10;
const MAX_QUEUE = 5;

type Step =
  | { readonly kind: 'ask'; readonly timeout: number; readonly signal: boolean }
  | { readonly kind: 'abort'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'answer' | 'turn' | 'full' | 'drain' | 'close' };

/** A step and the index of the table it applies to. */
type Event = readonly [table: number, step: Step];

const plain = (kind: 'answer' | 'turn' | 'full' | 'drain' | 'close') => fc.constant({ kind });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      timeout: fc.integer({ min: 1, max: 40 }),
      signal: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 5, arbitrary: plain('answer') },
  { weight: 4, arbitrary: plain('turn') },
  { weight: 1, arbitrary: plain('full') },
  { weight: 2, arbitrary: plain('drain') },
  { weight: 1, arbitrary: plain('close') },
);

interface Asked {
  readonly id: number;
  readonly timeout: number;
  readonly deadline: number;
  readonly controller: AbortController;
  written: boolean;
  settled: number;
  settledAt: number;
}

/** A table with its model. The reply to a request is its id. */
class ModelledTable {
  readonly asked: Asked[] = [];
  readonly wire: Asked[] = [];
  readonly table: RequestTable<number, number>;
  pending = 0;
  inFlight = 0;
  closed = false;
  #full = false;
  /** Time since which the current oldest request in flight is the oldest. */
  #oldestSince = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly maxInFlight: number,
  ) {
    this.table = new RequestTable(this, {
      clock,
      usualTimeout: USUAL_TIMEOUT,
      inOrder: true,
      maxQueue: MAX_QUEUE,
      maxInFlight,
    });
  }

  write(ids: readonly number[]): void {
    expect(this.#full || this.closed).toBe(false);
    if (this.maxInFlight === 1) expect(ids).toHaveLength(1);
    if (this.wire.length === 0) this.#oldestSince = this.clock.now();
    for (const id of ids) {
      const entry = this.asked[id]!;
      expect([entry.written, entry.settled]).toEqual([false, 0]);
      entry.written = true;
      this.wire.push(entry);
    }
    expect(this.wire.length).toBeLessThanOrEqual(this.maxInFlight);
  }

  /** A request in flight whose caller has given up counts until its reply has come. */
  ended(): void {
    this.inFlight--;
  }

  settled(): void {
    this.pending--;
  }

  /** Only the oldest is reported overdue, exactly at the end of its second timeout. */
  overdue({ frame }: Request<number, number>): void {
    expect(frame).toBe(this.wire[0]!.id);
    expect(this.clock.now()).toBe(this.#oldestEnds());
    this.close('overdue');
  }

  close(cause: string): void {
    this.closed = true;
    this.wire.length = 0;
    this.table.close(cause);
  }

  /** When the oldest becomes overdue; never while it is unsettled. */
  #oldestEnds(): number {
    const [oldest] = this.wire;
    if (!oldest || oldest.settled === 0) return Number.POSITIVE_INFINITY;
    return Math.max(oldest.settledAt, this.#oldestSince) + Math.max(oldest.timeout, USUAL_TIMEOUT);
  }

  ask(timeout: number, signal: boolean): void {
    const { clock, asked } = this;
    const controller = new AbortController();
    const deadline = clock.now() + timeout;
    const entry: Asked = {
      id: asked.length,
      timeout,
      deadline,
      controller,
      written: false,
      settled: 0,
      settledAt: 0,
    };
    const waiting = asked.filter(({ written, settled }) => !written && settled === 0).length;
    asked.push(entry);
    const settle = (): void => {
      entry.settled++;
      entry.settledAt = clock.now();
    };
    const resolve = (reply: number): void => {
      expect(reply).toBe(entry.id);
      settle();
    };
    const reject = (error: unknown): void => {
      expect(error).toMatchObject({ sent: entry.written ? 'maybe' : 'never' });
      settle();
    };
    const room = waiting + this.wire.length < MAX_QUEUE + this.maxInFlight;
    try {
      const of = signal ? controller.signal : undefined;
      this.table.add(new Request('r', entry.id, timeout, of, resolve, reject));
      this.pending++;
      this.inFlight++;
      expect([room, this.closed]).toEqual([true, false]);
    } catch (error) {
      reject(error);
      expect(room && !this.closed).toBe(false);
    }
  }

  answer(): void {
    const { oldest } = this.table;
    if (!oldest) return;
    this.table.hold();
    const entry = this.wire.shift()!;
    this.#oldestSince = this.clock.now();
    this.table.answer(oldest, entry.id);
    expect(entry.settled).toBe(1);
    this.table.release();
  }

  full(): void {
    if (!this.#full) this.table.hold();
    this.#full = true;
  }

  drain(): void {
    if (this.#full) {
      this.#full = false;
      this.table.release();
    }
  }

  /** Called after each step. Uses `assert`, because `expect` would take most of the time. */
  check(): void {
    const { asked, table, clock } = this;
    const live = asked.filter(({ settled }) => settled === 0);
    assert.equal(this.pending, live.length);
    assert.equal(table.pending, live.length);
    const queued = live.filter(({ written }) => !written);
    assert.equal(this.inFlight, queued.length + table.outstanding);
    assert.equal(table.outstanding, this.wire.length);
    assert(live.every(({ deadline }) => deadline > clock.now()));
    assert(asked.every(({ settled }) => settled <= 1));
    assert(this.#oldestEnds() > clock.now());
  }

  /** At the end of a turn no request waits that could be written. */
  checkRest(): void {
    const waits = this.asked.some(({ written, settled }) => !written && settled === 0);
    if (waits) assert(this.#full || this.wire.length === this.maxInFlight);
  }
}

async function run(events: readonly Event[], maxInFlight: number): Promise<void> {
  const clock = new VirtualClock();
  const tables = [new ModelledTable(clock, maxInFlight), new ModelledTable(clock, maxInFlight)];
  for (const [which, next] of events) {
    const one = tables[which]!;
    if (next.kind === 'ask') one.ask(next.timeout, next.signal);
    else if (next.kind === 'abort') one.asked[next.which]?.controller.abort();
    else if (next.kind === 'wait') clock.advance(next.ms);
    else if (next.kind === 'turn') await Promise.resolve();
    else if (next.kind === 'close') one.close('closed');
    else one[next.kind]();
    for (const each of tables) {
      each.check();
      if (maxInFlight === 1 || next.kind === 'turn') each.checkRest();
    }
    assert(clock.pending <= 1);
  }
  for (const each of tables) {
    each.close('the end');
    expect(each.pending).toBe(0);
  }
  expect(clock.pending).toBe(0);
}

it.each([1, 3])(
  'RequestTable property, %d in flight, shared clock: requests settle once, in time, with their own reply',
  async (maxInFlight) => {
    const events = fc.array(fc.tuple(fc.nat(1), step), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(events, (these) => run(these, maxInFlight)),
      { numRuns: scaled('requestTables') },
    );
  },
);
