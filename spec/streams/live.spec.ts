import { take } from 'rxjs';
import { Live } from '../../src/streams/live.js';
import { Rounds } from '../../src/streams/rounds.js';

/** A value that changes and is shown, as the pool does with each of its own. */
class Source {
  readonly reads = jest.fn(() => this.value);
  readonly live: Live<number>;
  readonly observersChanged = jest.fn();

  constructor(
    readonly rounds = new Rounds(),
    public value = 0,
    group: Live<unknown>[] = [],
  ) {
    this.live = new Live(rounds, this.reads, group, this.observersChanged);
  }

  change(value: number): void {
    this.value = value;
    if (this.live.watched) this.rounds.run(() => this.live.show(value));
  }

  subscribe(log: unknown[], then: (value: number) => void = () => {}) {
    return this.live.observable.subscribe({
      next: (value) => {
        log.push(value);
        then(value);
      },
      complete: () => log.push('done'),
    });
  }
}

describe('A live stream', () => {
  it('replays the current value, then tells each change', () => {
    const source = new Source();
    source.change(1);
    const log: unknown[] = [];
    source.subscribe(log);
    source.change(2);
    source.change(3);
    expect(log).toEqual([1, 2, 3]);
  });

  it('reads nothing while nobody subscribes', () => {
    const source = new Source();
    for (let i = 0; i < 100; i++) source.change(i);
    expect(source.reads).not.toHaveBeenCalled();
    source.subscribe([]).unsubscribe();
    source.reads.mockClear();
    source.change(7);
    expect(source.reads).not.toHaveBeenCalled();
  });

  it('does not repeat itself', () => {
    const source = new Source();
    const log: unknown[] = [];
    source.subscribe(log);
    source.change(0);
    source.change(1);
    source.change(1);
    expect(log).toEqual([0, 1]);
  });

  it('tells each of its subscribers the same in the same order, changes made inside `next` included', () => {
    const source = new Source();
    const first: unknown[] = [];
    const second: unknown[] = [];
    source.subscribe(first, (value) => {
      if (value < 5) source.change(value + 1);
    });
    source.subscribe(second);
    expect(first).toEqual([0, 1, 2, 3, 4, 5]);
    expect(second).toEqual([5]);
    source.change(2);
    expect(second).toEqual([5, 2, 3, 4, 5]);
    expect(first).toEqual([0, 1, 2, 3, 4, 5, 2, 3, 4, 5]);
  });

  it('starts somebody who comes inside a `next` where the others are, and not ahead of them', () => {
    const source = new Source();
    const late: unknown[] = [];
    const early: unknown[] = [];
    source.subscribe(early, (value) => {
      if (value !== 1) return;
      source.change(2);
      source.change(3);
      source.subscribe(late);
    });
    source.change(1);
    expect(early).toEqual([0, 1, 2, 3]);
    expect(late).toEqual([1, 2, 3]);
  });

  it('does not take somebody back in time who is the first to come, inside the `next` of another stream', () => {
    const rounds = new Rounds();
    const other = new Source(rounds);
    const source = new Source(rounds);
    const late: unknown[] = [];
    other.subscribe([], (value) => {
      if (value !== 1) return;
      source.change(1);
      source.change(2);
      source.subscribe(late);
      source.change(3);
    });
    other.change(1);
    expect(late).toEqual([2, 3]);
  });

  it('does not take somebody back in time who comes while what happened is held back', () => {
    const source = new Source();
    const early: unknown[] = [];
    const late: unknown[] = [];
    source.subscribe(early);
    source.rounds.hold(() => {
      source.change(1);
      source.change(2);
      source.subscribe(late);
    });
    expect(early).toEqual([0, 1, 2]);
    expect(late).toEqual([0, 1, 2]);
  });

  it('does not keep from those who are there what somebody learns by coming', () => {
    const source = new Source();
    const early: unknown[] = [];
    const late: unknown[] = [];
    source.subscribe(early);
    // Load changes are not shown at once.
    source.value = 1;
    source.subscribe(late);
    source.rounds.run(() => source.live.show(source.value));
    expect(early).toEqual([0, 1]);
    expect(late).toEqual([1]);
  });

  it('does not fall back for somebody who comes after one who left during the same emission', () => {
    const source = new Source();
    const late: unknown[] = [];
    const early = source.subscribe([], (value) => {
      if (value !== 1) return;
      source.change(2);
      source.change(3);
      early.unsubscribe();
      source.subscribe(late);
    });
    source.change(1);
    expect(late.at(-1)).toBe(3);
    expect(late).toEqual([...late].sort());
  });

  it('agrees with the others of its group for whoever comes while they are being told', () => {
    const rounds = new Rounds();
    const group: Live<unknown>[] = [];
    const [a, b] = [new Source(rounds, 0, group), new Source(rounds, 0, group)];
    const both = (value: number): void => {
      for (const live of group) live.pin();
      a.value = b.value = value;
      rounds.run(() => {
        a.live.show(value);
        b.live.show(value);
      });
    };
    const late: unknown[] = [];
    a.subscribe([], (value) => {
      if (value === 1) {
        both(2);
        b.subscribe(late);
      }
    });
    both(1);
    expect(late.at(-1)).toBe(2);
    expect(late[0]).toBeLessThanOrEqual(1);
  });

  it('takes nothing down where nothing has changed, or nobody is there to be shown it', () => {
    const source = new Source();
    source.value = 1;
    expect(source.live.capture()).toBeUndefined();
    const log: unknown[] = [];
    source.subscribe(log);
    expect(source.live.capture()).toBeUndefined();
    source.value = 2;
    const show = source.live.capture();
    expect(source.live.capture()).toBeUndefined();
    source.value = 3;
    source.rounds.run(() => show?.());
    expect(log).toEqual([1, 2]);
  });

  it('tells when subscribers come and go', () => {
    const source = new Source();
    const subscription = source.subscribe([]);
    expect(source.observersChanged).toHaveBeenCalledTimes(1);
    expect(source.live.observed).toBe(true);
    subscription.unsubscribe();
    expect(source.observersChanged).toHaveBeenCalledTimes(2);
    expect(source.live.observed).toBe(false);
  });

  it('lets go of somebody who takes only the current value', () => {
    const source = new Source();
    const log: number[] = [];
    source.live.observable.pipe(take(1)).subscribe((value) => log.push(value));
    expect(source.live.observed).toBe(false);
    source.change(1);
    expect(log).toEqual([0]);
  });

  it('gives a last value and completes when it is ended, and says the same to whoever comes later', () => {
    const source = new Source();
    const early: unknown[] = [];
    const late: unknown[] = [];
    source.subscribe(early);
    source.rounds.run(() => source.live.end(9));
    source.change(10);
    source.subscribe(late);
    source.rounds.run(() => source.live.end(11));
    expect(early).toEqual([0, 9, 'done']);
    expect(late).toEqual([9, 'done']);
  });

  it('ends once for somebody who ends it again from inside', () => {
    const source = new Source();
    const log: unknown[] = [];
    source.subscribe(log, (value) => {
      if (value === 9) source.rounds.run(() => source.live.end(10));
    });
    source.rounds.run(() => source.live.end(9));
    expect(log).toEqual([0, 9, 'done']);
  });

  it('goes on for the others when a subscriber throws', () => {
    jest.useFakeTimers();
    try {
      const source = new Source();
      const log: unknown[] = [];
      source.subscribe([], () => {
        throw new Error('a mistake of the subscriber');
      });
      source.subscribe(log);
      source.change(1);
      source.change(2);
      expect(log).toEqual([0, 1, 2]);
      expect(jest.getTimerCount()).toBeGreaterThan(0);
    } finally {
      jest.clearAllTimers();
      jest.useRealTimers();
    }
  });
});
