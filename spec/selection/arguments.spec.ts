import { leastLoaded, peakEwma, powerOfTwoChoices, sticky } from 'rxpool';

const wrong = (value: unknown): never => value as never;
const key = (text: string): string => text;

describe('a wrong argument of a strategy is refused at the call', () => {
  it.each<[name: string, argument: string, code: string, call: () => unknown]>([
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => leastLoaded(wrong(null))],
    ['weight', 'options.weight', 'ERR_INVALID_ARG_TYPE', () => leastLoaded({ weight: wrong(2) })],
    ['slowStart', 'options.slowStart', 'ERR_OUT_OF_RANGE', () => leastLoaded({ slowStart: -1 })],
    ['slowStart', 'options.slowStart', 'ERR_INVALID_ARG_TYPE', () => leastLoaded({ slowStart: wrong('1s') })],
    ['failurePenalty', 'options.failurePenalty', 'ERR_OUT_OF_RANGE', () => leastLoaded({ failurePenalty: Number.NaN })],
    ['scheduler', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => leastLoaded({ scheduler: wrong({}) })],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => powerOfTwoChoices(wrong(5))],
    ['random', 'options.random', 'ERR_INVALID_ARG_TYPE', () => powerOfTwoChoices({ random: wrong(0.5) })],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => peakEwma(wrong('fast'))],
    ['decay', 'options.decay', 'ERR_OUT_OF_RANGE', () => peakEwma({ decay: 0 })],
    ['decay', 'options.decay', 'ERR_OUT_OF_RANGE', () => peakEwma({ decay: Number.POSITIVE_INFINITY })],
    ['failurePenalty', 'options.failurePenalty', 'ERR_OUT_OF_RANGE', () => peakEwma({ failurePenalty: -1 })],
    ['random', 'options.random', 'ERR_INVALID_ARG_TYPE', () => peakEwma({ random: wrong(1) })],
    ['scheduler', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => peakEwma({ scheduler: wrong(() => 0) })],
    ['keyOf', 'keyOf', 'ERR_INVALID_ARG_TYPE', () => sticky(wrong('id'))],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => sticky(key, wrong(null))],
    ['idOf', 'options.idOf', 'ERR_INVALID_ARG_TYPE', () => sticky(key, { idOf: wrong('host') })],
  ])('%s', (_name, argument, code, call) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
