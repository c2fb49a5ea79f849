import { BehaviorSubject, Observable, Subscription } from 'rxjs';
import type { Connection, Outcome } from 'rxpool';
import { hearOutcomes } from '../../src/connection/outcomes.js';
import { OwnConnection } from '../support/connections.js';
import { TellingConnection } from '../support/pickers.js';

const FINE: Outcome = { ok: true, durationMs: 5 };

/** What was heard so far, until `life` is over. */
class Listener {
  readonly life = new Subscription();
  readonly heard: unknown[] = [];

  constructor(connection: Connection) {
    hearOutcomes(connection, this.life, (ok, durationMs) => this.heard.push({ ok, durationMs }));
  }
}

describe('hearOutcomes()', () => {
  it('hears each outcome until it is unsubscribed from', () => {
    const connection = new TellingConnection();
    const { heard, life } = new Listener(connection);
    connection.tell(5);
    connection.fail();
    life.unsubscribe();
    connection.tell(6);
    expect(heard).toEqual([FINE, { ok: false, durationMs: 0 }]);
    expect(connection.outcomes$.observed).toBe(false);
  });

  it('hears no more of one that goes on telling all the same', () => {
    let tell = (_: Outcome): void => {};
    const outcomes$ = {
      subscribe: ({ next }: { next(outcome: Outcome): void }) => {
        tell = next;
        return { unsubscribe: () => {} };
      },
    } as unknown as Observable<Outcome>;
    const { heard, life } = new Listener(Object.assign(new OwnConnection(), { outcomes$ }));
    tell(FINE);
    life.unsubscribe();
    tell(FINE);
    expect(heard).toEqual([FINE]);
  });

  it('hears no more of one that goes on telling when life has ended before the subscribing has', () => {
    const life = new Subscription();
    const heard: boolean[] = [];
    const outcomes$ = new Observable<Outcome>((subscriber) => {
      subscriber.next(FINE);
      life.unsubscribe();
      subscriber.next(FINE);
      return () => heard.push(false);
    });
    hearOutcomes(Object.assign(new OwnConnection(), { outcomes$ }), life, (ok) => heard.push(ok));
    expect(heard).toEqual([true, false]);
  });

  it('believes a verdict whatever is said of the time that it took, and nothing that is no verdict', () => {
    const connection = new TellingConnection();
    const { heard } = new Listener(connection);
    for (const durationMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined]) {
      connection.outcomes$.next({ ok: false, durationMs: durationMs as never });
    }
    expect(heard).toEqual(Array(5).fill({ ok: false, durationMs: undefined }));
    for (const value of [undefined, null, 'no', {}, { ok: 0 }, { durationMs: 5 }]) {
      connection.outcomes$.next(value as never);
    }
    expect(heard).toHaveLength(5);
  });

  it('says once that no more will come, also where it comes to that at once', () => {
    const outcomes$ = new BehaviorSubject(FINE);
    outcomes$.complete();
    const broken = Object.defineProperty(new OwnConnection(), 'outcomes$', {
      get: () => {
        throw new Error('not today');
      },
    });
    for (const connection of [Object.assign(new OwnConnection(), { outcomes$ }), broken]) {
      let silences = 0;
      hearOutcomes(
        connection,
        new Subscription(),
        () => {},
        () => silences++,
      );
      expect(silences).toBe(1);
    }
  });

  it('has nothing to say of a connection that tells nothing', () => {
    const unexpected = jest.fn();
    hearOutcomes(new OwnConnection(), new Subscription(), unexpected, unexpected);
    expect(unexpected).not.toHaveBeenCalled();
  });
});
