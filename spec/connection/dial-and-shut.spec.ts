import { CloseTimeoutError, ConnectTimeoutError } from 'rxpool';
import type { Cell, DialResult } from '../../src/connection/cell.js';
import { acquireCell, releaseCell } from '../../src/connection/cells.js';
import { connect, judgeDial } from '../../src/connection/dial.js';
import { drain, shut } from '../../src/connection/shut.js';
import { KINDS, type TestConnection } from '../support/connections.js';
import { type Outcome, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

describe.each(KINDS)('of $kind', ({ make }) => {
  let clock: VirtualClock;
  let connection: TestConnection;
  let cell: Cell<TestConnection>;

  beforeEach(() => {
    clock = new VirtualClock();
    connection = make('wait');
    cell = acquireCell(connection);
  });

  afterEach(() => {
    expect(clock.timers).toBe(0);
    expect(cell.watchers).toBeUndefined();
    releaseCell(connection);
  });

  const judged = (attempt?: Promise<void>): Outcome<DialResult> => {
    const { result } = judgeDial(cell, attempt && (() => attempt), { timeout: 100, scheduler: clock.scheduler });
    return watch(result);
  };

  describe('judgeDial()', () => {
    it('finds that a dial succeeded when the state says so', async () => {
      const outcome = judged(connect(cell));
      await settle();
      expect(outcome.status).toBe('pending');
      connection.accept();
      await settle();
      expect(outcome.value).toEqual({ ok: true });
    });

    it('finds that a dial failed when its promise says so, with that cause', async () => {
      const outcome = judged(connect(cell));
      const cause = new Error('refused');
      connection.refuse(cause);
      await settle();
      expect(outcome.value).toEqual({ ok: false, cause });
    });

    it('finds that a dial failed when the state falls after a promise that promised too much', async () => {
      const outcome = judged(Promise.resolve());
      await settle();
      expect(outcome.status).toBe('pending');
      connection.connect().catch(() => {});
      const cause = new Error('refused');
      connection.refuse(cause);
      await settle();
      expect(outcome.value).toEqual({ ok: false, cause });
    });

    it('does not wait for the promise of one that is up', async () => {
      const outcome = judged(new Promise(() => {}));
      connection.connect().catch(() => {});
      connection.accept();
      await settle();
      expect(outcome.value).toEqual({ ok: true });
    });

    it('judges by the state alone where somebody else dials', async () => {
      const dial = connection.connect().catch(() => {});
      const outcome = judged();
      const cause = new Error('refused');
      connection.refuse(cause);
      await Promise.all([dial, settle()]);
      expect(outcome.value).toEqual({ ok: false, cause });
    });

    it('gives a dial that hangs its time and no more', async () => {
      const outcome = judged(connect(cell));
      await clock.advance(99);
      expect(outcome.status).toBe('pending');
      await clock.advance(1);
      expect(outcome.value).toEqual({ ok: false, cause: expect.any(ConnectTimeoutError) });
      void connection.close();
      await settle();
    });

    it('has no deadline where none is given, and stops waiting when told to', async () => {
      const judgement = judgeDial(cell, () => connect(cell));
      const outcome = watch(judgement.result);
      await clock.advance(100_000);
      expect(outcome.status).toBe('pending');
      judgement.cut();
      await settle();
      expect(outcome.value).toMatchObject({ ok: false });
      expect(connection.state).toBe('connecting');
      void connection.close();
      await settle();
    });
  });

  describe('shut()', () => {
    const closed = (timeout = 50): Outcome<unknown> => watch(shut(connection, timeout, clock.scheduler));

    it('resolves with nothing when the connection is closed', async () => {
      const outcome = closed();
      await settle();
      expect(outcome).toEqual({ status: 'resolved', value: undefined });
      expect(connection.state).toBe('closed');
    });

    it.each(['reject', 'throw'] as const)('resolves with what went wrong when closers %s', async (script) => {
      connection.onClose = script;
      const outcome = closed();
      await settle();
      expect(outcome.value).toBeInstanceOf(Error);
    });

    it('resolves with an error when a closer rejects without a reason', async () => {
      connection.close = () => Promise.reject();
      const outcome = closed();
      await settle();
      expect(outcome.value).toBeInstanceOf(Error);
    });

    it('resolves within its bound when a closer hangs', async () => {
      connection.onClose = 'hang';
      const outcome = closed();
      await clock.advance(49);
      expect(outcome.status).toBe('pending');
      await clock.advance(1);
      expect(outcome.value).toBeInstanceOf(CloseTimeoutError);
    });
  });

  describe('drain()', () => {
    beforeEach(async () => {
      const dial = connection.connect();
      connection.accept();
      await dial;
      connection.send();
    });

    const drained = (): { outcome: Outcome<void>; cut(): void } => {
      const { done, cut } = drain(cell, 80, clock.scheduler);
      return { outcome: watch(done), cut };
    };

    it('ends when the last request has', async () => {
      connection.send();
      const { outcome } = drained();
      connection.reply();
      await settle();
      expect(outcome.status).toBe('pending');
      connection.reply();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('ends when the last borrowing has', async () => {
      cell.borrow();
      const { outcome } = drained();
      connection.reply();
      await settle();
      expect(outcome.status).toBe('pending');
      cell.giveBack();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('does not wait for borrowings of a connection that is lost', async () => {
      cell.borrow();
      const { outcome } = drained();
      connection.lose();
      await settle();
      expect([outcome.status, cell.load]).toEqual(['resolved', 1]);
      cell.giveBack();
    });

    it('ends at once where nothing is carried', async () => {
      connection.reply();
      const { outcome } = drained();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it.each([
      { how: 'is lost', end: () => connection.lose() },
      { how: 'is closed', end: () => void connection.close() },
      { how: 'is retired', end: () => cell.retire(undefined) },
    ])('ends when the connection $how', async ({ end }) => {
      const { outcome } = drained();
      end();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('ends when it is cut, as often as that may be', async () => {
      const { outcome, cut } = drained();
      cut();
      cut();
      await settle();
      expect(outcome.status).toBe('resolved');
    });

    it('ends when its time is up', async () => {
      const { outcome } = drained();
      await clock.advance(79);
      expect(outcome.status).toBe('pending');
      await clock.advance(1);
      expect(outcome.status).toBe('resolved');
    });
  });
});
