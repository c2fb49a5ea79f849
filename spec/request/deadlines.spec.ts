// Tests the private deadlines directly: when a timer of theirs is set cannot be seen through a socket.

import type { Clock } from '../../src/clock.js';
import type { Expirable } from '../../src/deadlines.js';
import { ListNode } from '../../src/linked-list.js';
import { Request } from '../../src/request/request.js';
import { deadlinesOf } from '../../src/request/shared-deadlines.js';
import { RequestTable } from '../../src/request/table.js';
import { VirtualClock } from './virtual-clock.js';

const noop = (): void => {};

/** A table and the times at which its requests expired. */
function tableOn(clock: Clock, usualTimeout: number) {
  const expired: string[] = [];
  const host = { write: noop, ended: noop, settled: noop, overdue: noop };
  const table = new RequestTable<string, string>(host, {
    clock,
    usualTimeout,
    inOrder: true,
    maxQueue: 100_000,
    maxInFlight: 1,
  });
  const ask = (name: string, timeout = usualTimeout, signal?: AbortSignal): void =>
    table.add(new Request(name, name, timeout, signal, noop, () => expired.push(`${name} at ${clock.now()}`)));
  return { table, ask, expired };
}

describe('Deadlines of several RequestTables on one clock', () => {
  it('RequestTable: requests of three tables on one clock expire exactly on time, with one timer', () => {
    const clock = new VirtualClock();
    const tables = [tableOn(clock, 100), tableOn(clock, 70), tableOn(clock, 100)];
    for (const [index, { ask }] of tables.entries()) {
      ask(`${index}`);
      ask(`${index} early`, 10 + index);
      expect(clock.pending).toBe(1);
    }
    clock.advance(60);
    expect(clock.pending).toBe(1);
    clock.advance(60);
    expect(tables.map(({ expired }) => expired)).toEqual([
      ['0 early at 10', '0 at 100'],
      ['1 early at 11', '1 at 70'],
      ['2 early at 12', '2 at 100'],
    ]);
    for (const { table } of tables) table.close('done');
  });

  it('RequestTable.close(): does not affect deadlines of other tables; the last close() leaves no timer', () => {
    const clock = new VirtualClock();
    const [gone, stays] = [tableOn(clock, 50), tableOn(clock, 100)];
    gone.ask('a');
    stays.ask('b');
    gone.table.close('over');
    expect(clock.pending).toBe(1);
    clock.advance(100);
    expect(stays.expired).toEqual(['b at 100']);
    stays.ask('c');
    stays.table.close('over');
    stays.table.close('and over');
    expect(clock.pending).toBe(0);
  });

  it('RequestTable: the longest timeout, added at a fraction of a millisecond, asks for no longer timer', () => {
    const longest = 2 ** 31 - 1;
    const delays: number[] = [];
    const clock: Clock = {
      now: () => 4.3,
      after: (delay) => {
        delays.push(delay);
        return noop;
      },
      afterIo: () => noop,
    };
    expect(4.3 + longest - 4.3).toBeGreaterThan(longest);
    const { table, ask } = tableOn(clock, longest);
    ask('a');
    expect(delays).toEqual([longest]);
    table.close('done');
  });

  it('RequestTable: a request made after the timer fired, before a stall of the event loop, waits for its own timer', () => {
    const clock = new VirtualClock();
    const { table, ask, expired } = tableOn(clock, 100);
    ask('a');
    clock.advance(100, () => {
      if (expired.length > 0 || clock.now() > 100) return;
      ask('b');
      clock.stall(150, noop);
    });
    expect(expired).toEqual(['a at 250']);
    clock.advance(1);
    expect(expired).toEqual(['a at 250', 'b at 250']);
    table.close('done');
  });

  it('RequestTable: requests made 1 s after a timer was lost, and later, expire on time', () => {
    const clock = new VirtualClock();
    const { table, ask, expired } = tableOn(clock, 100);
    ask('a');
    clock.loseTimers();
    clock.advance(1_101);
    ask('b');
    clock.advance(100);
    ask('c');
    clock.advance(100);
    expect(expired).toEqual(['a at 1101', 'b at 1201', 'c at 1301']);
    table.close('done');
  });

  it('Deadlines: drops the lanes of 2,000 timeouts that are no longer in use', () => {
    const clock = new VirtualClock();
    const { table, ask, expired } = tableOn(clock, 1000);
    const other = tableOn(clock, 2000);
    const controller = new AbortController();
    for (let count = 1; count <= 1000; count++) ask('aborted', count / 7, controller.signal);
    for (let count = 1; count <= 1000; count++) ask('late', count / 3);
    controller.abort();
    expect(deadlinesOf(clock).lanes).toBeLessThanOrEqual(1000 + 2);
    clock.advance(500);
    expect(expired).toHaveLength(2000);
    expect(deadlinesOf(clock).lanes).toBeLessThanOrEqual(2);
    table.close('done');
    other.table.close('done');
  });

  it('Deadlines: a listener that throws does not keep the other deadlines from expiring', () => {
    const clock = new VirtualClock();
    const deadlines = deadlinesOf(clock);
    deadlines.keepTimer();
    const expired: string[] = [];
    const entry = (name: string, work = noop): Expirable => {
      const expire = (): void => {
        expired.push(name);
        work();
      };
      const made = { deadline: 0, expired: expire, due: undefined as unknown as ListNode<Expirable> };
      made.due = new ListNode<Expirable>(made);
      return made;
    };
    const fail = (): never => {
      throw new Error('listener');
    };
    deadlines.add(entry('bad', fail), 10);
    deadlines.add(entry('good'), 10);
    deadlines.add(entry('later'), 20);
    expect(() => clock.advance(20)).toThrow('listener');
    clock.advance(20);
    expect(expired).toEqual(['bad', 'good', 'later']);
    deadlines.dropTimer();
    expect(clock.pending).toBe(0);
  });
});
