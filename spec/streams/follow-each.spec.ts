import { BehaviorSubject, Observable, Subject, type Subscription } from 'rxjs';
import { followEach } from '../../src/streams/follow-each.js';

/** What was gone along with, and until when, over a list of names. */
class Rig {
  readonly list$ = new Subject<readonly string[]>();
  readonly log: string[] = [];
  /** Called with each name that is gone along with. */
  onEnter: (name: string, stay: Subscription) => void = () => {};
  readonly subscription: Subscription;

  /** Called when a change has been dealt with. */
  onChange: () => void = () => {};

  constructor(source: (list$: Subject<readonly string[]>) => Observable<readonly string[]> = (list$) => list$) {
    this.subscription = new Observable<never>((subscriber) => {
      followEach(
        source(this.list$),
        subscriber,
        (name, stay) => {
          this.log.push(`+${name}`);
          stay.add(() => this.log.push(`-${name}`));
          this.onEnter(name, stay);
        },
        () => this.onChange(),
      );
    }).subscribe({
      complete: () => this.log.push('complete'),
      error: (error: unknown) => this.log.push(`error ${error}`),
    });
  }

  get said(): string {
    return this.log.splice(0).join(' ');
  }
}

describe('followEach', () => {
  it('begins with those who enter and ends with those who leave, once for each stay', () => {
    const rig = new Rig();
    rig.list$.next(['a', 'b', 'a']);
    expect(rig.said).toBe('+a +b');
    rig.list$.next(['b', 'c']);
    expect(rig.said).toBe('-a +c');
    rig.list$.next(['b', 'c']);
    expect(rig.said).toBe('');
    rig.list$.next(['c', 'a']);
    expect(rig.said).toBe('-b +a');
  });

  it('ends with everybody when it is unsubscribed from', () => {
    const rig = new Rig();
    rig.list$.next(['a', 'b']);
    rig.subscription.unsubscribe();
    expect(rig.said).toBe('+a +b -a -b');
    expect(rig.list$.observed).toBe(false);
  });

  it.each(['complete', 'error'] as const)('passes the %s of its source on, and ends with everybody', (ending) => {
    const rig = new Rig();
    rig.list$.next(['a']);
    rig.list$[ending]('gone');
    expect(rig.said).toBe(ending === 'complete' ? '+a complete -a' : '+a error gone -a');
  });

  it('begins with nobody whom an earlier one of the same list has taken away', () => {
    const rig = new Rig();
    rig.onEnter = (name) => {
      if (name === 'a') rig.list$.next(['a', 'c']);
    };
    rig.list$.next(['a', 'b', 'c']);
    expect(rig.said).toBe('+a +c');
    rig.list$.next([]);
    expect(rig.said).toBe('-a -c');
  });

  it('ends at once with one who takes itself away', () => {
    const rig = new Rig();
    rig.onEnter = () => rig.list$.next([]);
    rig.list$.next(['a', 'b']);
    expect(rig.said).toBe('+a -a');
  });

  it('begins with nobody more once somebody has had enough, however long the source goes on', () => {
    const rig = new Rig(
      (list$) =>
        new Observable((subscriber) => {
          list$.subscribe((list) => subscriber.next(list));
        }),
    );
    rig.onEnter = (name) => {
      if (name === 'b') rig.subscription.unsubscribe();
    };
    rig.list$.next(['a', 'b', 'c']);
    rig.list$.next(['d']);
    expect(rig.said).toBe('+a +b -a -b');
  });

  it('starts with those who are there already', () => {
    const rig = new Rig(() => new BehaviorSubject(['a', 'b']));
    expect(rig.said).toBe('+a +b');
  });

  it('says when it has dealt with a list, whether that was another or not', () => {
    const rig = new Rig();
    rig.onChange = () => rig.log.push('.');
    rig.list$.next(['a', 'b']);
    rig.list$.next(['a', 'b']);
    rig.list$.next(['c']);
    expect(rig.said).toBe('+a +b . . -a -b +c .');
  });

  it('ends with an error where somebody cannot be gone along with', () => {
    const rig = new Rig();
    rig.onChange = () => rig.log.push('.');
    rig.onEnter = (name) => {
      if (name === 'b') throw new Error('not with b');
    };
    rig.list$.next(['a', 'b', 'c']);
    rig.list$.next(['d']);
    expect(rig.said).toBe('+a +b error Error: not with b -a -b');
    expect(rig.list$.observed).toBe(false);
  });
});
