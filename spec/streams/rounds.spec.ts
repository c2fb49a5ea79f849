import { Rounds } from '../../src/streams/rounds.js';

describe('Rounds', () => {
  it('runs a round at once when nothing is under way', () => {
    const rounds = new Rounds();
    const log: string[] = [];
    rounds.run(() => log.push('a'));
    expect(log).toEqual(['a']);
    expect(rounds.busy).toBe(false);
  });

  it('lets what is asked for during a round wait its turn, in the order of asking', () => {
    const rounds = new Rounds();
    const log: string[] = [];
    rounds.run(() => {
      rounds.run(() => {
        log.push('b');
        rounds.run(() => log.push('d'));
      });
      rounds.run(() => log.push('c'));
      log.push('a');
    });
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('holds rounds back while something is done, and runs them after it', () => {
    const rounds = new Rounds();
    const log: string[] = [];
    const result = rounds.hold(() => {
      rounds.run(() => log.push('after'));
      rounds.hold(() => log.push('within'));
      log.push('before');
      return 7;
    });
    expect(result).toBe(7);
    expect(log).toEqual(['within', 'before', 'after']);
  });

  it('holds back inside a round as well', () => {
    const rounds = new Rounds();
    const log: string[] = [];
    rounds.run(() => {
      rounds.hold(() => rounds.run(() => log.push('b')));
      log.push('a');
    });
    expect(log).toEqual(['a', 'b']);
  });

  it('runs what was asked for although what held it back throws', () => {
    const rounds = new Rounds();
    const log: string[] = [];
    const failing = (): void =>
      rounds.hold(() => {
        rounds.run(() => log.push('a'));
        throw new Error('failed');
      });
    expect(failing).toThrow('failed');
    expect(log).toEqual(['a']);
    rounds.run(() => log.push('b'));
    expect(log).toEqual(['a', 'b']);
  });

  it('takes 100,000 nested rounds without growing the stack', () => {
    const rounds = new Rounds();
    let depth = 0;
    let deepest = 0;
    let left = 100_000;
    const nest = (): void => {
      deepest = Math.max(deepest, ++depth);
      if (left-- > 0) rounds.run(nest);
      depth--;
    };
    rounds.run(nest);
    expect(left).toBe(-1);
    expect(deepest).toBe(1);
  });
});
