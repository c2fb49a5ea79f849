import { BehaviorSubject } from 'rxjs';
import type { ConnectionState } from 'rxpool';
import { CELL, Cell, type CellWatcher, UNKNOWN_LOAD } from '../../src/connection/cell.js';
import { acquireCell, cellOf, releaseCell, reviveCell } from '../../src/connection/cells.js';
import { isConnection } from '../../src/connection/connection.js';
import { OwnConnection, SubjectConnection } from '../support/connections.js';

const cell = (): Cell => new Cell(new SubjectConnection());

describe('a cell', () => {
  it('takes for the load the larger of what is pending and what is borrowed', () => {
    const one = cell();
    const loads: number[] = [];
    const note = (): unknown => loads.push(one.load);
    for (const step of [
      'borrow',
      'borrow',
      'begin',
      'begin',
      'begin',
      'giveBack',
      'end',
      'end',
      'giveBack',
      'end',
    ] as const) {
      one[step]();
      note();
    }
    expect(loads).toEqual([1, 2, 2, 2, 3, 3, 2, 1, 1, 0]);
  });

  it('keeps the books of its ledger at every change of the load, and at no other', () => {
    const one = cell();
    let booked = 0;
    let entries = 0;
    const expectFrom = (from: number): void => {
      expect(from).toBe(booked);
      booked = one.load;
      entries++;
    };
    one.ledger = {
      up: (_, from) => expectFrom(from),
      down: (_, from) => expectFrom(from),
      move: (_, from, to) => {
        expectFrom(from);
        expect(to).toBe(one.load);
      },
    };
    let seed = 7;
    let borrowed = 0;
    for (let step = 0; step < 5_000; step++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const before = one.load;
      const entered = entries;
      if (seed % 5 === 0) one.begin();
      if (seed % 5 === 1) one.end();
      if (seed % 5 === 2 && ++borrowed) one.borrow();
      if (seed % 5 === 3 && borrowed > 0 && borrowed--) one.giveBack();
      if (seed % 5 === 4 && step % 50 === 0) one.setPending(step % 100 === 0 ? 3 : UNKNOWN_LOAD);
      expect(one.load).toBe(booked);
      expect(entries - entered).toBe(one.load === before ? 0 : 1);
      if (step % 500 < 499) continue;
      one.retire(undefined);
      borrowed = 0;
      expect(one.load).toBe(booked);
    }
    expect(entries).toBeGreaterThan(500);
  });

  it('writes off its borrowings when it is retired, and tells so', () => {
    const one = cell();
    const told: unknown[] = [];
    one.watch({ onRetired: (reason) => told.push(reason), onLoad: (from, to) => told.push(`${from}→${to}`) });
    one.borrow();
    one.borrow();
    one.begin();
    told.length = 0;
    one.retire('away');
    expect(told).toEqual(['2→1', 'away']);
    expect([one.load, one.tenure]).toEqual([1, 1]);
  });

  it('tells its owner of a state before it tells watchers, and of none twice', () => {
    const one = cell();
    const log: string[] = [];
    one.owner = {
      stateChanged: (changed, cause) => log.push(`owner ${changed.state} ${cause}`),
      misreported: () => {},
      dial: () => Promise.resolve({ ok: true }),
    };
    one.watch({ onState: (state, cause) => log.push(`watcher ${state} ${cause}`) });
    one.setState('broken', 'because');
    one.setState('broken', 'again');
    expect(log).toEqual(['owner broken because', 'watcher broken because']);
  });

  it('tells nobody of a state that somebody has changed again meanwhile', () => {
    const one = cell();
    const log: string[] = [];
    one.watch({ onState: (state) => state === 'connecting' && one.setState('closed') });
    one.watch({ onState: (state) => log.push(state) });
    one.setState('connecting');
    expect(log).toEqual(['closed']);
  });

  describe('with watchers', () => {
    it('keeps no set of them while there is none', () => {
      const one = cell();
      expect(one.watchers).toBeUndefined();
      const watchers: CellWatcher[] = [{}, {}];
      const unwatch = watchers.map((watcher) => one.watch(watcher));
      expect(one.watchers?.size).toBe(2);
      unwatch[0]?.();
      unwatch[0]?.();
      expect(one.watchers?.size).toBe(1);
      unwatch[1]?.();
      expect(one.watchers).toBeUndefined();
      unwatch[1]?.();
      expect(one.watchers).toBeUndefined();
    });

    it('does not tell one that has gone, even by the hand of another', () => {
      const one = cell();
      const log: string[] = [];
      const unwatch: (() => void)[] = [];
      one.watch({
        onState: () => {
          log.push('first');
          for (const stop of unwatch) stop();
        },
      });
      unwatch.push(one.watch({ onState: () => log.push('second') }));
      one.setState('connecting');
      one.setState('connected');
      expect(log).toEqual(['first', 'first']);
    });

    it('watches only while its streams are observed', () => {
      const one = cell();
      const streams = [one.state$(), one.pending$()];
      expect(one.watchers).toBeUndefined();
      const subscriptions = streams.map((stream) => (stream as ReturnType<Cell['pending$']>).subscribe());
      expect(one.watchers?.size).toBe(2);
      for (const subscription of subscriptions) subscription.unsubscribe();
      expect(one.watchers).toBeUndefined();
    });
  });
});

describe('the cell of a connection', () => {
  it("is handed over by the library's own, which needs no feeding", () => {
    const connection = new OwnConnection();
    expect(cellOf(connection)).toBe(connection[CELL]);
    expect(acquireCell(connection)).toBe(connection[CELL]);
    releaseCell(connection);
    connection.send();
    expect(cellOf(connection).pending).toBe(1);
  });

  it("is one for each of somebody else's, fed while it is acquired", () => {
    const connection = new SubjectConnection();
    const one = cellOf(connection);
    expect(cellOf(connection)).toBe(one);
    expect(connection.observed).toBe(false);
    expect(acquireCell(connection)).toBe(one);
    expect(acquireCell(connection)).toBe(one);
    connection.send();
    connection.state$.next('connected');
    expect([one.pending, one.state]).toEqual([1, 'connected']);
    releaseCell(connection);
    expect(connection.observed).toBe(true);
    releaseCell(connection);
    expect(connection.observed).toBe(false);
    connection.send();
    expect(one.pending).toBe(1);
    acquireCell(connection);
    expect(one.pending).toBe(2);
    releaseCell(connection);
  });

  it('listens again when it is revived, and only then', () => {
    const connection = new SubjectConnection();
    const one = acquireCell(connection);
    connection.state$.error(new Error('broke'));
    expect(one.state).toBe('broken');
    expect(connection.observed).toBe(false);
    const state$ = new BehaviorSubject<ConnectionState>('connected');
    Object.assign(connection, { state$ });
    expect(one.state).toBe('broken');
    reviveCell(connection);
    expect(one.state).toBe('connected');
    reviveCell(connection);
    releaseCell(connection);
    expect(state$.observed).toBe(false);
    reviveCell(connection);
    expect(state$.observed).toBe(false);
  });
});

describe('what counts as a connection', () => {
  it.each([undefined, null, 5, 'connection', {}, [], () => {}, Promise.resolve()])('is not %p', (value) => {
    expect(isConnection(value)).toBe(false);
  });

  it('has the four members, whatever else it is', () => {
    const { state$, pending$ } = new SubjectConnection();
    const four = { state$, pending$, connect: async () => {}, close: async () => {} };
    expect(isConnection(four)).toBe(true);
    expect(isConnection(new OwnConnection())).toBe(true);
    for (const member of Object.keys(four)) expect(isConnection({ ...four, [member]: undefined })).toBe(false);
    const getter = Object.defineProperty({ ...four }, 'state$', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(isConnection(getter)).toBe(false);
  });
});
