import { growOnDemand, recycle, refill, shrinkIdle } from 'rxpool';

const wrong = (value: unknown): never => value as never;
const command = (): void => {};
const { NaN: nan } = Number;

describe('a wrong argument of a sizing operator is refused at the call', () => {
  it.each<[name: string, argument: string, code: string, call: () => unknown]>([
    ['refill: add', 'add', 'ERR_INVALID_ARG_TYPE', () => refill(wrong(4))],
    ['refill: options', 'options', 'ERR_INVALID_ARG_TYPE', () => refill(command, wrong(null))],
    ['refill: backoff', 'options.backoff', 'ERR_INVALID_ARG_TYPE', () => refill(command, { backoff: wrong(5) })],
    ['refill: scheduler', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => refill(command, { scheduler: wrong({}) })],
    ['grow: add', 'add', 'ERR_INVALID_ARG_TYPE', () => growOnDemand(wrong(undefined))],
    ['grow: options', 'options', 'ERR_INVALID_ARG_TYPE', () => growOnDemand(command, wrong(null))],
    ['grow: targetLoad', 'options.targetLoad', 'ERR_OUT_OF_RANGE', () => growOnDemand(command, { targetLoad: 0 })],
    ['shrink: remove', 'remove', 'ERR_INVALID_ARG_TYPE', () => shrinkIdle(wrong('all'))],
    ['shrink: idleTimeout', 'options.idleTimeout', 'ERR_OUT_OF_RANGE', () => shrinkIdle(command, { idleTimeout: 0 })],
    ['shrink: minIdle', 'options.minIdle', 'ERR_OUT_OF_RANGE', () => shrinkIdle(command, { minIdle: 0.5 })],
    [
      'shrink: scheduler',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => shrinkIdle(command, { scheduler: wrong(1) }),
    ],
    ['recycle: replace', 'replace', 'ERR_INVALID_ARG_TYPE', () => recycle(wrong([]), { maxUses: 1 })],
    ['recycle: no options', 'options', 'ERR_INVALID_ARG_TYPE', () => recycle(command, wrong(undefined))],
    ['recycle: neither limit', 'options', 'ERR_INVALID_ARG_TYPE', () => recycle(command, { jitter: 0 })],
    ['recycle: maxLifetime', 'options.maxLifetime', 'ERR_OUT_OF_RANGE', () => recycle(command, { maxLifetime: nan })],
    ['recycle: maxUses', 'options.maxUses', 'ERR_OUT_OF_RANGE', () => recycle(command, { maxUses: 0 })],
    ['recycle: jitter', 'options.jitter', 'ERR_OUT_OF_RANGE', () => recycle(command, { maxUses: 9, jitter: 1.1 })],
    ['recycle: less', 'options.jitter', 'ERR_OUT_OF_RANGE', () => recycle(command, { maxUses: 9, jitter: -0.1 })],
    [
      'recycle: random',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => recycle(command, { maxUses: 9, random: wrong(1) }),
    ],
  ])('%s', (_name, argument, code, call) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
