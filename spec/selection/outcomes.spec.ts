import { BehaviorSubject, type Observable } from 'rxjs';
import type { Outcome } from 'rxpool';
import { hearOutcomes } from '../../src/selection/outcomes.js';
import { OwnConnection } from '../support/connections.js';
import { TellingConnection } from '../support/pickers.js';

const FINE: Outcome = { ok: true, durationMs: 5 };

describe('hearOutcomes()', () => {
  it('hears each outcome until it is unsubscribed from', () => {
    const connection = new TellingConnection();
    const heard: Outcome[] = [];
    const hearing = hearOutcomes(connection, (outcome) => heard.push(outcome));
    connection.tell(5);
    connection.fail();
    hearing.unsubscribe();
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
    const heard: Outcome[] = [];
    const hearing = hearOutcomes(Object.assign(new OwnConnection(), { outcomes$ }), (outcome) => heard.push(outcome));
    tell(FINE);
    hearing.unsubscribe();
    tell(FINE);
    expect(heard).toEqual([FINE]);
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
        () => {},
        () => silences++,
      );
      expect(silences).toBe(1);
    }
  });

  it('has nothing to say of a connection that tells nothing', () => {
    const unexpected = jest.fn();
    hearOutcomes(new OwnConnection(), unexpected, unexpected).unsubscribe();
    expect(unexpected).not.toHaveBeenCalled();
  });
});
