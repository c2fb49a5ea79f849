import { leastLoaded, peakEwma, powerOfTwoChoices, sticky } from 'rxpool';

const wrong = (value: unknown): never => value as never;
const key = (text: string): string => text;

describe('a wrong argument of a strategy', () => {
  it.each<[call: string, argument: string, code: string, run: () => unknown]>([
    ['leastLoaded(null)', 'options', 'ERR_INVALID_ARG_TYPE', () => leastLoaded(wrong(null))],
    ['leastLoaded({ weight: 2 })', 'options.weight', 'ERR_INVALID_ARG_TYPE', () => leastLoaded({ weight: wrong(2) })],
    ['leastLoaded({ slowStart: -1 })', 'options.slowStart', 'ERR_OUT_OF_RANGE', () => leastLoaded({ slowStart: -1 })],
    [
      'leastLoaded({ slowStart: "1s" })',
      'options.slowStart',
      'ERR_INVALID_ARG_TYPE',
      () => leastLoaded({ slowStart: wrong('1s') }),
    ],
    [
      'leastLoaded({ failurePenalty: NaN })',
      'options.failurePenalty',
      'ERR_OUT_OF_RANGE',
      () => leastLoaded({ failurePenalty: Number.NaN }),
    ],
    [
      'leastLoaded({ scheduler: {} })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => leastLoaded({ scheduler: wrong({}) }),
    ],
    ['powerOfTwoChoices(5)', 'options', 'ERR_INVALID_ARG_TYPE', () => powerOfTwoChoices(wrong(5))],
    [
      'powerOfTwoChoices({ random: 0.5 })',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => powerOfTwoChoices({ random: wrong(0.5) }),
    ],
    ['peakEwma("fast")', 'options', 'ERR_INVALID_ARG_TYPE', () => peakEwma(wrong('fast'))],
    ['peakEwma({ decay: 0 })', 'options.decay', 'ERR_OUT_OF_RANGE', () => peakEwma({ decay: 0 })],
    [
      'peakEwma({ decay: Infinity })',
      'options.decay',
      'ERR_OUT_OF_RANGE',
      () => peakEwma({ decay: Number.POSITIVE_INFINITY }),
    ],
    [
      'peakEwma({ failureLatency: -1 })',
      'options.failureLatency',
      'ERR_OUT_OF_RANGE',
      () => peakEwma({ failureLatency: -1 }),
    ],
    ['peakEwma({ random: 1 })', 'options.random', 'ERR_INVALID_ARG_TYPE', () => peakEwma({ random: wrong(1) })],
    [
      'peakEwma({ scheduler: () => 0 })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => peakEwma({ scheduler: wrong(() => 0) }),
    ],
    ['sticky("id")', 'keyOf', 'ERR_INVALID_ARG_TYPE', () => sticky(wrong('id'))],
    ['sticky(key, null)', 'options', 'ERR_INVALID_ARG_TYPE', () => sticky(key, wrong(null))],
    [
      'sticky(key, { idOf: "host" })',
      'options.idOf',
      'ERR_INVALID_ARG_TYPE',
      () => sticky(key, { idOf: wrong('host') }),
    ],
  ])('%s throws, naming %s (%s)', (_call, argument, code, run) => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
