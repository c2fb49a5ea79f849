import {
  circuitBreaker,
  cleanupBroken,
  constantBackoff,
  decorrelatedJitter,
  type EjectOutliersOptions,
  ejectOutliers,
  exponentialBackoff,
  reconnectBroken,
  type ValidateIdleOptions,
  validateIdle,
} from 'rxpool';

const wrong = (value: unknown): never => value as never;

const ejecting = (options: EjectOutliersOptions): unknown => ejectOutliers(() => {}, options);
const validating = (options: ValidateIdleOptions): unknown =>
  validateIdle(
    async () => {},
    () => {},
    options,
  );

describe('a wrong argument of a healing operator is refused at the call', () => {
  it.each<[name: string, argument: string, code: string, call: () => unknown]>([
    ['initial', 'options.initial', 'ERR_OUT_OF_RANGE', () => exponentialBackoff({ initial: Number.NaN })],
    ['max', 'options.max', 'ERR_OUT_OF_RANGE', () => exponentialBackoff({ max: -1 })],
    ['factor', 'options.factor', 'ERR_OUT_OF_RANGE', () => exponentialBackoff({ factor: 0.5 })],
    ['endless', 'options.factor', 'ERR_OUT_OF_RANGE', () => exponentialBackoff({ factor: Number.POSITIVE_INFINITY })],
    ['random', 'options.random', 'ERR_INVALID_ARG_TYPE', () => exponentialBackoff({ random: wrong(0.5) })],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => exponentialBackoff(wrong(null))],
    ['delay', 'delay', 'ERR_OUT_OF_RANGE', () => constantBackoff(-1)],
    ['no delay', 'delay', 'ERR_INVALID_ARG_TYPE', () => constantBackoff(wrong(undefined))],
    ['jitter', 'options.jitter', 'ERR_OUT_OF_RANGE', () => constantBackoff(1, { jitter: 1.1 })],
    ['less jitter', 'options.jitter', 'ERR_OUT_OF_RANGE', () => constantBackoff(1, { jitter: -0.1 })],
    ['random', 'options.random', 'ERR_INVALID_ARG_TYPE', () => constantBackoff(1, { random: wrong(0.5) })],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => constantBackoff(1, wrong(null))],
    ['base', 'options.base', 'ERR_OUT_OF_RANGE', () => decorrelatedJitter({ base: 0 })],
    ['max', 'options.max', 'ERR_OUT_OF_RANGE', () => decorrelatedJitter({ max: Number.NaN })],
    ['random', 'options.random', 'ERR_INVALID_ARG_TYPE', () => decorrelatedJitter({ random: wrong(0.5) })],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => decorrelatedJitter(wrong(null))],
    ['no options', 'options', 'ERR_INVALID_ARG_TYPE', () => reconnectBroken(wrong(null))],
    ['backoff', 'options.backoff', 'ERR_INVALID_ARG_TYPE', () => reconnectBroken({ backoff: wrong(5) })],
    ['resetAfter', 'options.resetAfter', 'ERR_OUT_OF_RANGE', () => reconnectBroken({ resetAfter: Number.NaN })],
    ['maxAttempts', 'options.maxAttempts', 'ERR_OUT_OF_RANGE', () => reconnectBroken({ maxAttempts: 0 })],
    ['half an attempt', 'options.maxAttempts', 'ERR_OUT_OF_RANGE', () => reconnectBroken({ maxAttempts: 1.5 })],
    ['isTerminal', 'options.isTerminal', 'ERR_INVALID_ARG_TYPE', () => reconnectBroken({ isTerminal: wrong(true) })],
    ['connectTimeout', 'options.connectTimeout', 'ERR_OUT_OF_RANGE', () => reconnectBroken({ connectTimeout: -1 })],
    ['scheduler', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => reconnectBroken({ scheduler: wrong({}) })],
    ['remove', 'remove', 'ERR_INVALID_ARG_TYPE', () => cleanupBroken(wrong('all'))],
    ['after', 'options.after', 'ERR_INVALID_ARG_TYPE', () => cleanupBroken(() => {}, { after: wrong('30') })],
    [
      'consecutiveFailures',
      'options.consecutiveFailures',
      'ERR_OUT_OF_RANGE',
      () => circuitBreaker({ consecutiveFailures: 0 }),
    ],
    ['openFor', 'options.openFor', 'ERR_OUT_OF_RANGE', () => circuitBreaker({ openFor: -1 })],
    ['openFor of no type', 'options.openFor', 'ERR_INVALID_ARG_TYPE', () => circuitBreaker({ openFor: wrong('1s') })],
    ['clock of a breaker', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => circuitBreaker({ scheduler: wrong(1) })],
    ['eject', 'eject', 'ERR_INVALID_ARG_TYPE', () => ejectOutliers(wrong({}))],
    ['consecutive', 'options.consecutiveFailures', 'ERR_OUT_OF_RANGE', () => ejecting({ consecutiveFailures: 1.5 })],
    ['baseDuration', 'options.baseDuration', 'ERR_OUT_OF_RANGE', () => ejecting({ baseDuration: 0 })],
    ['maxDuration', 'options.maxDuration', 'ERR_OUT_OF_RANGE', () => ejecting({ maxDuration: Number.NaN })],
    ['maxEjected', 'options.maxEjected', 'ERR_OUT_OF_RANGE', () => ejecting({ maxEjected: 10 })],
    ['panicThreshold', 'options.panicThreshold', 'ERR_OUT_OF_RANGE', () => ejecting({ panicThreshold: -0.1 })],
    ['clock of ejection', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => ejecting({ scheduler: wrong({}) })],
    ['validate', 'validate', 'ERR_INVALID_ARG_TYPE', () => validateIdle(wrong(undefined), () => {})],
    ['condemn', 'condemn', 'ERR_INVALID_ARG_TYPE', () => validateIdle(async () => {}, wrong(undefined))],
    ['interval', 'options.interval', 'ERR_OUT_OF_RANGE', () => validating({ interval: 0 })],
    ['timeout', 'options.timeout', 'ERR_OUT_OF_RANGE', () => validating({ timeout: Number.NaN })],
    ['maxValidations', 'options.maxValidations', 'ERR_OUT_OF_RANGE', () => validating({ maxValidations: 0 })],
    ['clock of validation', 'options.scheduler', 'ERR_INVALID_ARG_TYPE', () => validating({ scheduler: wrong(0) })],
  ])('%s', (_name, argument, code, call) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
