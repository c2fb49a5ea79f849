// Tests the private table directly: the transports that use it each show only a part of what it has to hold for all.

import { ConnectionLostError, RequestAbortedError, RequestQueueFullError, RequestTimeoutError } from 'rxpool/zcached';
import { Request } from '../../src/request/request.js';
import { RequestTable } from '../../src/request/table.js';
import { VirtualClock } from './virtual-clock.js';

type Outcome = { readonly reply: string } | { readonly error: unknown } | undefined;

/** A table and what it has written, call by call. */
function setUp(options: { inOrder?: boolean; maxQueue?: number; maxInFlight?: number; onSettled?: () => void } = {}) {
  const clock = new VirtualClock();
  const written: string[] = [];
  const writes: string[] = [];
  const overdue: string[] = [];
  let pending = 0;
  let inFlight = 0;
  const host = {
    write: (frames: readonly string[]) => {
      written.push(...frames);
      writes.push(frames.join('+'));
    },
    ended: () => {
      inFlight--;
    },
    settled: () => {
      pending--;
      options.onSettled?.();
    },
    overdue: (request: Request<string, string>) => void overdue.push(`${request.frame} at ${clock.now()}`),
  };
  const table = new RequestTable<string, string>(host, {
    clock,
    usualTimeout: 1000,
    inOrder: options.inOrder ?? true,
    maxQueue: options.maxQueue ?? 100,
    maxInFlight: options.maxInFlight ?? 1,
  });
  /** Adds a request. The returned function gives its outcome, or undefined while pending. */
  const ask = (name: string, { timeout = 1000, signal }: { timeout?: number; signal?: AbortSignal } = {}) => {
    const outcomes: Outcome[] = [];
    const resolve = (reply: string) => void outcomes.push({ reply });
    const reject = (error: unknown) => void outcomes.push({ error });
    table.add(new Request(name, name, timeout, signal, resolve, reject));
    pending++;
    inFlight++;
    return (): Outcome => {
      expect(outcomes.length).toBeLessThanOrEqual(1);
      return outcomes[0];
    };
  };
  const answer = (reply: string): void => {
    table.hold();
    table.answer(table.oldest!, reply);
    table.release();
  };
  return { clock, written, writes, overdue, table, ask, answer, pending: () => pending, inFlight: () => inFlight };
}

const error = (type: new (...args: never[]) => Error, fields: object) => ({
  error: expect.objectContaining({ constructor: type, ...fields }),
});

describe('RequestTable with maxInFlight: 1', () => {
  it('RequestTable, 1 in flight: writes the first request at once and the next one after each reply', () => {
    const { written, ask, answer, pending } = setUp();
    const [a, b, c] = [ask('a'), ask('b'), ask('c')];
    expect(written).toEqual(['a']);
    answer('1');
    expect([a(), written]).toEqual([{ reply: '1' }, ['a', 'b']]);
    answer('2');
    answer('3');
    expect([b(), c()]).toEqual([{ reply: '2' }, { reply: '3' }]);
    expect(pending()).toBe(0);
  });

  it('RequestTable.hold(): writes nothing until release()', () => {
    const { written, ask, table } = setUp();
    table.hold();
    ask('a');
    expect(written).toEqual([]);
    table.release();
    expect(written).toEqual(['a']);
  });

  it('RequestTable with maxQueue: 1: add() throws RequestQueueFullError while the queue is full', () => {
    const { ask, answer, pending } = setUp({ maxQueue: 1 });
    ask('a');
    ask('b');
    expect(() => ask('c')).toThrow(RequestQueueFullError);
    expect(pending()).toBe(2);
    answer('1');
    expect(() => ask('d')).not.toThrow();
  });

  it('RequestTable with maxQueue: 0: accepts one request while none is in flight', () => {
    const { ask } = setUp({ maxQueue: 0 });
    expect(() => ask('a')).not.toThrow();
    expect(() => ask('b')).toThrow(RequestQueueFullError);
  });

  it('RequestTable with maxQueue: 0: accepts a request from the settled callback of the previous one', () => {
    const asked: unknown[] = [];
    const { ask, answer, writes } = setUp({
      maxQueue: 0,
      onSettled: () => {
        if (asked.length === 0) asked.push(ask('b'));
      },
    });
    ask('a');
    answer('1');
    expect([asked.length, writes]).toEqual([1, ['a', 'b']]);
  });
});

const microtask = () => Promise.resolve();

describe('RequestTable with maxInFlight of 2 or 3', () => {
  it('RequestTable, 3 in flight: writes the requests of one turn together, up to maxInFlight', async () => {
    const { writes, ask } = setUp({ maxInFlight: 3 });
    ask('a');
    ask('b');
    expect(writes).toEqual([]);
    await microtask();
    ask('c');
    ask('d');
    await microtask();
    expect(writes).toEqual(['a+b', 'c']);
  });

  it('RequestTable, 2 in flight: after replies, writes queued and new requests together', async () => {
    const { writes, ask, answer } = setUp({ maxInFlight: 2 });
    for (const name of ['a', 'b', 'c']) ask(name);
    await microtask();
    answer('1');
    answer('2');
    ask('d');
    expect(writes).toEqual(['a+b']);
    await microtask();
    expect(writes).toEqual(['a+b', 'c+d']);
  });

  it('RequestTable: a request aborted or expired in the turn of add() is never written', async () => {
    const { written, ask, clock, table } = setUp({ maxInFlight: 3 });
    const controller = new AbortController();
    const a = ask('a', { signal: controller.signal });
    const b = ask('b', { timeout: 1 });
    ask('c');
    controller.abort();
    clock.advance(1);
    await microtask();
    expect([a(), b()]).toEqual([
      error(RequestAbortedError, { sent: 'never' }),
      error(RequestTimeoutError, { sent: 'never' }),
    ]);
    expect([written, table.outstanding, table.pending]).toEqual([['c'], 1, 1]);
  });

  it('RequestTable.close() in the turn of add(): rejects with sent: never, and writes nothing', async () => {
    const { written, ask, table } = setUp({ maxInFlight: 3 });
    const a = ask('a');
    table.close('why');
    await microtask();
    expect([a(), written]).toEqual([error(ConnectionLostError, { sent: 'never' }), []]);
  });

  it('RequestTable.hold(): requests wait until release(), maxInFlight + maxQueue of them at most', async () => {
    const { writes, ask, table } = setUp({ maxInFlight: 2, maxQueue: 1 });
    table.hold();
    for (const name of ['a', 'b', 'c']) ask(name);
    expect(() => ask('d')).toThrow(RequestQueueFullError);
    await microtask();
    expect(writes).toEqual([]);
    table.release();
    await microtask();
    expect(writes).toEqual(['a+b']);
  });
});

describe('hold() and release()', () => {
  it('RequestTable.hold() called twice: writes after the second release()', () => {
    const { written, ask, table } = setUp();
    table.hold();
    table.hold();
    ask('a');
    table.release();
    expect(written).toEqual([]);
    table.release();
    expect(written).toEqual(['a']);
  });

  it('RequestTable.hold() by the transport: a reply handled meanwhile writes nothing before release()', () => {
    const { written, ask, answer, table } = setUp();
    ask('a');
    ask('b');
    table.hold();
    answer('1');
    expect(written).toEqual(['a']);
    table.release();
    expect(written).toEqual(['a', 'b']);
  });
});

describe('timeouts', () => {
  it('RequestTable timeouts: requests with mixed timeouts expire exactly on time', () => {
    const { clock, ask } = setUp();
    const timeouts = [700, 50, 1000, 333, 50, 1];
    const asked = timeouts.map((timeout, index) => ask(`${index}`, { timeout }));
    for (let time = 0; time < 1000; time++) {
      expect(asked.map((outcome) => outcome() !== undefined)).toEqual(timeouts.map((timeout) => timeout <= time));
      clock.advance(1);
    }
  });

  it('RequestTable timeouts: time in the queue counts; a request that expires there is never written', () => {
    const { clock, ask, answer, written, pending } = setUp();
    const a = ask('a', { timeout: 500 });
    const b = ask('b', { timeout: 100 });
    clock.advance(100);
    expect(b()).toEqual(error(RequestTimeoutError, { sent: 'never', timeout: 100, request: 'b' }));
    answer('1');
    expect([a(), written, pending()]).toEqual([{ reply: '1' }, ['a'], 0]);
  });

  it('RequestTable timeouts: a late reply is discarded, and the next request gets its own reply', () => {
    const { clock, ask, answer, written, pending, inFlight } = setUp();
    const a = ask('a', { timeout: 100 });
    clock.advance(50);
    const b = ask('b', { timeout: 100 });
    clock.advance(50);
    expect(a()).toEqual(error(RequestTimeoutError, { sent: 'maybe' }));
    // Its reply is still owed.
    expect([pending(), inFlight()]).toEqual([1, 2]);
    expect(written).toEqual(['a']);
    answer('late');
    expect([b(), written]).toEqual([undefined, ['a', 'b']]);
    answer('2');
    expect(b()).toEqual({ reply: '2' });
  });

  it('RequestTable timeouts: a reply missing for a second timeout calls overdue()', () => {
    const { clock, ask, overdue } = setUp();
    ask('a', { timeout: 1000 });
    clock.advance(5000);
    expect(overdue).toEqual(['a at 2000']);
  });

  it('RequestTable timeouts: after a timeout shorter than usual, overdue() waits for the usual timeout', () => {
    const { clock, ask, answer, overdue } = setUp();
    ask('hurried', { timeout: 5 });
    clock.advance(900);
    answer('late');
    expect(overdue).toEqual([]);
    ask('hurried', { timeout: 5 });
    clock.advance(5000);
    expect(overdue).toEqual(['hurried at 1905']);
  });

  it("RequestTable timeouts: a request expired behind a longer one is overdue only after that one's reply", async () => {
    const { clock, ask, answer, overdue } = setUp({ maxInFlight: 3 });
    const long = ask('long', { timeout: 30_000 });
    ask('behind', { timeout: 1000 });
    await microtask();
    clock.advance(20_000);
    expect(overdue).toEqual([]);
    answer('1');
    expect(long()).toEqual({ reply: '1' });
    clock.advance(1000);
    expect(overdue).toEqual(['behind at 21000']);
  });

  it('RequestTable timeouts: a reply received during a stall of the event loop is in time', () => {
    const { clock, ask, answer } = setUp();
    const a = ask('a', { timeout: 100 });
    const b = ask('b', { timeout: 100 });
    clock.stall(5000, () => answer('1'));
    expect(a()).toEqual({ reply: '1' });
    expect(b()).toEqual(error(RequestTimeoutError, {}));
  });

  it('RequestTable timeouts: one timer at most, and none after the last request or close()', () => {
    const { clock, ask, answer, table } = setUp();
    for (const timeout of [10, 500, 300, 20, 1000]) ask('x', { timeout });
    expect(clock.pending).toBe(1);
    for (let count = 0; count < 5; count++) answer('y');
    clock.advance(10);
    expect(clock.pending).toBe(0);
    ask('z');
    table.close('because');
    expect(clock.pending).toBe(0);
  });
});

describe('abort signals', () => {
  it('RequestTable abort: a queued request rejects with sent: never, and is not written', () => {
    const { ask, answer, written, pending } = setUp();
    const controller = new AbortController();
    ask('a');
    const b = ask('b', { signal: controller.signal });
    ask('c');
    controller.abort('why');
    expect(b()).toEqual(error(RequestAbortedError, { sent: 'never', cause: 'why' }));
    answer('1');
    expect([written, pending()]).toEqual([['a', 'c'], 1]);
  });

  it('RequestTable abort: the late reply of an aborted request in flight is discarded', () => {
    const { ask, answer, written, clock, overdue } = setUp();
    const controller = new AbortController();
    const a = ask('a', { signal: controller.signal, timeout: 100 });
    const b = ask('b', { timeout: 1000 });
    controller.abort();
    expect(a()).toEqual(error(RequestAbortedError, { sent: 'maybe' }));
    answer('late');
    expect(written).toEqual(['a', 'b']);
    clock.advance(500);
    answer('2');
    expect([b(), overdue]).toEqual([{ reply: '2' }, []]);
  });

  it('RequestTable abort: an abort inside resolve() of the reply has no effect', () => {
    const { table, pending } = setUp();
    const controller = new AbortController();
    const ends: unknown[] = [];
    const resolve = (reply: string): void => {
      ends.push(reply);
      controller.abort();
    };
    table.add(new Request('a', 'a', 1000, controller.signal, resolve, (cause) => ends.push(cause)));
    table.answer(table.oldest!, '1');
    expect([ends, table.outstanding, pending()]).toEqual([['1'], 0, -1]);
  });

  it('RequestTable abort: an abort after the reply has no effect', () => {
    const { ask, answer } = setUp();
    const controller = new AbortController();
    const a = ask('a', { signal: controller.signal });
    answer('1');
    controller.abort();
    expect(a()).toEqual({ reply: '1' });
  });

  it('RequestTable.add(): throws RequestAbortedError for a signal already aborted', () => {
    const { ask, written, pending } = setUp();
    expect(() => ask('a', { signal: AbortSignal.abort('no') })).toThrow(RequestAbortedError);
    expect([written, pending()]).toEqual([[], 0]);
  });

  it('RequestTable abort: 1,000 requests with one signal add one listener, removed after the last reply', () => {
    const { ask, answer } = setUp({ maxQueue: 2000 });
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    for (let count = 0; count < 1000; count++) ask('a', { signal });
    expect(added).toHaveBeenCalledTimes(1);
    for (let count = 0; count < 1000; count++) answer('b');
    expect(removed).toHaveBeenCalledTimes(1);
  });

  it('RequestTable abort: one signal of 50 requests settles each of them once', () => {
    const { ask, pending } = setUp();
    const controller = new AbortController();
    const asked = Array.from({ length: 50 }, () => ask('a', { signal: controller.signal }));
    controller.abort();
    expect(asked.map((outcome) => outcome())).toHaveLength(50);
    expect(asked.every((outcome) => outcome() !== undefined)).toBe(true);
    expect(pending()).toBe(0);
  });
});

describe('close()', () => {
  it('RequestTable.close(): rejects with sent: maybe or never; expired requests are not settled again', async () => {
    const { ask, table, clock, pending } = setUp({ maxInFlight: 2 });
    const a = ask('a', { timeout: 100 });
    const b = ask('b');
    const c = ask('c');
    await microtask();
    clock.advance(100);
    table.close('why');
    expect(a()).toEqual(error(RequestTimeoutError, {}));
    expect(b()).toEqual(error(ConnectionLostError, { sent: 'maybe', cause: 'why' }));
    expect(c()).toEqual(error(ConnectionLostError, { sent: 'never', cause: 'why' }));
    expect(pending()).toBe(0);
  });

  it('RequestTable.close(): add() throws ConnectionLostError afterwards, and nothing is written', () => {
    const { ask, table, written } = setUp();
    table.hold();
    table.close('why');
    table.release();
    expect(() => ask('a')).toThrow(ConnectionLostError);
    expect(written).toEqual([]);
  });

  it('RequestTable.close(): another close() from the settled callback does not change the cause', () => {
    const { ask, table, pending } = setUp({ onSettled: () => table.close('again') });
    const asked = [ask('a'), ask('b'), ask('c')];
    table.close('why');
    for (const outcome of asked) expect(outcome()).toEqual(error(ConnectionLostError, { cause: 'why' }));
    expect([pending(), table.pending]).toEqual([0, 0]);
  });

  it('RequestTable.close() from the settled callback of a reply: that reply counts, the rest rejects once', () => {
    const { ask, answer, table, clock } = setUp({ onSettled: () => table.close('why') });
    const [a, b] = [ask('a'), ask('b')];
    answer('1');
    expect([a(), b()]).toEqual([{ reply: '1' }, error(ConnectionLostError, { sent: 'never', cause: 'why' })]);
    expect(clock.pending).toBe(0);
  });
});

describe('RequestTable with inOrder: false', () => {
  it('answers any request in flight, and starts the deadline of each tombstone when it is given up', async () => {
    const { table, ask, clock, overdue, inFlight } = setUp({ inOrder: false, maxInFlight: 3 });
    const controller = new AbortController();
    const long = ask('long', { timeout: 30_000 });
    ask('late', { timeout: 100 });
    ask('aborted', { timeout: 5_000, signal: controller.signal });
    await microtask();
    controller.abort();
    clock.advance(4_999);
    // 100 ms, and then the usual timeout.
    expect(overdue).toEqual(['late at 1100']);
    clock.advance(1);
    expect(overdue).toEqual(['late at 1100', 'aborted at 5000']);
    table.answer(table.oldest!, 'reply');
    expect([long(), inFlight()]).toEqual([{ reply: 'reply' }, 2]);
  });

  it('RequestTable.forget(): ends a tombstone and gives its room to the next request, and leaves others alone', async () => {
    const { table, ask, clock, written, inFlight } = setUp({ inOrder: false, maxInFlight: 2 });
    ask('a', { timeout: 100 });
    const b = ask('b', { timeout: 30_000 });
    const c = ask('c', { timeout: 30_000 });
    await microtask();
    const [first, second] = [table.oldest!, table.oldest!.place.next!.value];
    table.forget(second);
    expect(inFlight()).toBe(3);
    clock.advance(100);
    table.forget(first);
    table.forget(first);
    await microtask();
    expect([written, inFlight(), table.pending]).toEqual([['a', 'b', 'c'], 2, 2]);
    expect([b(), c()]).toEqual([undefined, undefined]);
  });
});
