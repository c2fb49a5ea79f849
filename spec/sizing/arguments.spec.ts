import { growOnDemand, recycle, refill, shrinkIdle } from 'rxpool';

const wrong = (value: unknown): never => value as never;
const command = (): void => {};
const { NaN: nan } = Number;

describe('a wrong argument of a sizing operator', () => {
  it.each<[call: string, argument: string, code: string, run: () => unknown]>([
    ['refill(4)', 'add', 'ERR_INVALID_ARG_TYPE', () => refill(wrong(4))],
    ['refill(command, null)', 'options', 'ERR_INVALID_ARG_TYPE', () => refill(command, wrong(null))],
    [
      'refill(command, { backoff: 5 })',
      'options.backoff',
      'ERR_INVALID_ARG_TYPE',
      () => refill(command, { backoff: wrong(5) }),
    ],
    [
      'refill(command, { scheduler: {} })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => refill(command, { scheduler: wrong({}) }),
    ],
    ['growOnDemand(undefined)', 'add', 'ERR_INVALID_ARG_TYPE', () => growOnDemand(wrong(undefined))],
    ['growOnDemand(command, null)', 'options', 'ERR_INVALID_ARG_TYPE', () => growOnDemand(command, wrong(null))],
    [
      'growOnDemand(command, { targetLoad: 0 })',
      'options.targetLoad',
      'ERR_OUT_OF_RANGE',
      () => growOnDemand(command, { targetLoad: 0 }),
    ],
    ['shrinkIdle("all")', 'remove', 'ERR_INVALID_ARG_TYPE', () => shrinkIdle(wrong('all'))],
    [
      'shrinkIdle(command, { idleTimeout: 0 })',
      'options.idleTimeout',
      'ERR_OUT_OF_RANGE',
      () => shrinkIdle(command, { idleTimeout: 0 }),
    ],
    [
      'shrinkIdle(command, { minIdle: 0.5 })',
      'options.minIdle',
      'ERR_OUT_OF_RANGE',
      () => shrinkIdle(command, { minIdle: 0.5 }),
    ],
    [
      'shrinkIdle(command, { scheduler: 1 })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => shrinkIdle(command, { scheduler: wrong(1) }),
    ],
    ['recycle([], { maxUses: 1 })', 'replace', 'ERR_INVALID_ARG_TYPE', () => recycle(wrong([]), { maxUses: 1 })],
    ['recycle(command, undefined)', 'options', 'ERR_INVALID_ARG_TYPE', () => recycle(command, wrong(undefined))],
    ['recycle(command, { spread: 0 })', 'options', 'ERR_INVALID_ARG_TYPE', () => recycle(command, { spread: 0 })],
    [
      'recycle(command, { maxLifetime: NaN })',
      'options.maxLifetime',
      'ERR_OUT_OF_RANGE',
      () => recycle(command, { maxLifetime: nan }),
    ],
    ['recycle(command, { maxUses: 0 })', 'options.maxUses', 'ERR_OUT_OF_RANGE', () => recycle(command, { maxUses: 0 })],
    [
      'recycle(command, { maxUses: 9, spread: 1.1 })',
      'options.spread',
      'ERR_OUT_OF_RANGE',
      () => recycle(command, { maxUses: 9, spread: 1.1 }),
    ],
    [
      'recycle(command, { maxUses: 9, spread: -0.1 })',
      'options.spread',
      'ERR_OUT_OF_RANGE',
      () => recycle(command, { maxUses: 9, spread: -0.1 }),
    ],
    [
      'recycle(command, { maxUses: 9, random: 1 })',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => recycle(command, { maxUses: 9, random: wrong(1) }),
    ],
  ])('%s throws, naming %s (%s)', (_call, argument, code, run) => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
