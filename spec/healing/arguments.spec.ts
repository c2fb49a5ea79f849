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

describe('a wrong argument of a healing operator', () => {
  it.each<[call: string, argument: string, code: string, run: () => unknown]>([
    [
      'exponentialBackoff({ initial: NaN })',
      'options.initial',
      'ERR_OUT_OF_RANGE',
      () => exponentialBackoff({ initial: Number.NaN }),
    ],
    ['exponentialBackoff({ max: -1 })', 'options.max', 'ERR_OUT_OF_RANGE', () => exponentialBackoff({ max: -1 })],
    [
      'exponentialBackoff({ factor: 0.5 })',
      'options.factor',
      'ERR_OUT_OF_RANGE',
      () => exponentialBackoff({ factor: 0.5 }),
    ],
    [
      'exponentialBackoff({ factor: Infinity })',
      'options.factor',
      'ERR_OUT_OF_RANGE',
      () => exponentialBackoff({ factor: Number.POSITIVE_INFINITY }),
    ],
    [
      'exponentialBackoff({ random: 0.5 })',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => exponentialBackoff({ random: wrong(0.5) }),
    ],
    ['exponentialBackoff(null)', 'options', 'ERR_INVALID_ARG_TYPE', () => exponentialBackoff(wrong(null))],
    ['constantBackoff(-1)', 'delay', 'ERR_OUT_OF_RANGE', () => constantBackoff(-1)],
    ['constantBackoff(undefined)', 'delay', 'ERR_INVALID_ARG_TYPE', () => constantBackoff(wrong(undefined))],
    [
      'constantBackoff(1, { jitter: 1.1 })',
      'options.jitter',
      'ERR_OUT_OF_RANGE',
      () => constantBackoff(1, { jitter: 1.1 }),
    ],
    [
      'constantBackoff(1, { jitter: -0.1 })',
      'options.jitter',
      'ERR_OUT_OF_RANGE',
      () => constantBackoff(1, { jitter: -0.1 }),
    ],
    [
      'constantBackoff(1, { random: 0.5 })',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => constantBackoff(1, { random: wrong(0.5) }),
    ],
    ['constantBackoff(1, null)', 'options', 'ERR_INVALID_ARG_TYPE', () => constantBackoff(1, wrong(null))],
    [
      'decorrelatedJitter({ initial: 0 })',
      'options.initial',
      'ERR_OUT_OF_RANGE',
      () => decorrelatedJitter({ initial: 0 }),
    ],
    [
      'decorrelatedJitter({ max: NaN })',
      'options.max',
      'ERR_OUT_OF_RANGE',
      () => decorrelatedJitter({ max: Number.NaN }),
    ],
    [
      'decorrelatedJitter({ random: 0.5 })',
      'options.random',
      'ERR_INVALID_ARG_TYPE',
      () => decorrelatedJitter({ random: wrong(0.5) }),
    ],
    ['decorrelatedJitter(null)', 'options', 'ERR_INVALID_ARG_TYPE', () => decorrelatedJitter(wrong(null))],
    ['reconnectBroken(null)', 'options', 'ERR_INVALID_ARG_TYPE', () => reconnectBroken(wrong(null))],
    [
      'reconnectBroken({ backoff: 5 })',
      'options.backoff',
      'ERR_INVALID_ARG_TYPE',
      () => reconnectBroken({ backoff: wrong(5) }),
    ],
    [
      'reconnectBroken({ resetAfter: NaN })',
      'options.resetAfter',
      'ERR_OUT_OF_RANGE',
      () => reconnectBroken({ resetAfter: Number.NaN }),
    ],
    [
      'reconnectBroken({ maxAttempts: 0 })',
      'options.maxAttempts',
      'ERR_OUT_OF_RANGE',
      () => reconnectBroken({ maxAttempts: 0 }),
    ],
    [
      'reconnectBroken({ maxAttempts: 1.5 })',
      'options.maxAttempts',
      'ERR_OUT_OF_RANGE',
      () => reconnectBroken({ maxAttempts: 1.5 }),
    ],
    [
      'reconnectBroken({ isTerminal: true })',
      'options.isTerminal',
      'ERR_INVALID_ARG_TYPE',
      () => reconnectBroken({ isTerminal: wrong(true) }),
    ],
    [
      'reconnectBroken({ connectTimeout: -1 })',
      'options.connectTimeout',
      'ERR_OUT_OF_RANGE',
      () => reconnectBroken({ connectTimeout: -1 }),
    ],
    [
      'reconnectBroken({ abandonedInterval: 0 })',
      'options.abandonedInterval',
      'ERR_OUT_OF_RANGE',
      () => reconnectBroken({ abandonedInterval: 0 }),
    ],
    [
      'reconnectBroken({ abandonedInterval: true })',
      'options.abandonedInterval',
      'ERR_INVALID_ARG_TYPE',
      () => reconnectBroken({ abandonedInterval: wrong(true) }),
    ],
    [
      'reconnectBroken({ scheduler: {} })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => reconnectBroken({ scheduler: wrong({}) }),
    ],
    ['cleanupBroken("all")', 'remove', 'ERR_INVALID_ARG_TYPE', () => cleanupBroken(wrong('all'))],
    [
      'cleanupBroken(remove, { after: "30" })',
      'options.after',
      'ERR_INVALID_ARG_TYPE',
      () => cleanupBroken(() => {}, { after: wrong('30') }),
    ],
    [
      'circuitBreaker({ consecutiveFailures: 0 })',
      'options.consecutiveFailures',
      'ERR_OUT_OF_RANGE',
      () => circuitBreaker({ consecutiveFailures: 0 }),
    ],
    ['circuitBreaker({ openFor: -1 })', 'options.openFor', 'ERR_OUT_OF_RANGE', () => circuitBreaker({ openFor: -1 })],
    [
      'circuitBreaker({ openFor: "1s" })',
      'options.openFor',
      'ERR_INVALID_ARG_TYPE',
      () => circuitBreaker({ openFor: wrong('1s') }),
    ],
    [
      'circuitBreaker({ scheduler: 1 })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => circuitBreaker({ scheduler: wrong(1) }),
    ],
    ['ejectOutliers({})', 'eject', 'ERR_INVALID_ARG_TYPE', () => ejectOutliers(wrong({}))],
    [
      'ejectOutliers(eject, { consecutiveFailures: 1.5 })',
      'options.consecutiveFailures',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ consecutiveFailures: 1.5 }),
    ],
    [
      'ejectOutliers(eject, { slowerThan: 0.5 })',
      'options.slowerThan',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ slowerThan: 0.5 }),
    ],
    [
      'ejectOutliers(eject, { baseDuration: 0 })',
      'options.baseDuration',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ baseDuration: 0 }),
    ],
    [
      'ejectOutliers(eject, { maxDuration: NaN })',
      'options.maxDuration',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ maxDuration: Number.NaN }),
    ],
    [
      'ejectOutliers(eject, { maxEjected: 10 })',
      'options.maxEjected',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ maxEjected: 10 }),
    ],
    [
      'ejectOutliers(eject, { panicThreshold: -0.1 })',
      'options.panicThreshold',
      'ERR_OUT_OF_RANGE',
      () => ejecting({ panicThreshold: -0.1 }),
    ],
    [
      'ejectOutliers(eject, { scheduler: {} })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => ejecting({ scheduler: wrong({}) }),
    ],
    ['validateIdle(1, invalidate)', 'validate', 'ERR_INVALID_ARG_TYPE', () => validateIdle(wrong(1), () => {})],
    [
      'validateIdle(validate, undefined)',
      'invalidate',
      'ERR_INVALID_ARG_TYPE',
      () => validateIdle(async () => {}, wrong(undefined)),
    ],
    [
      'validateIdle(validate, invalidate, { interval: 0 })',
      'options.interval',
      'ERR_OUT_OF_RANGE',
      () => validating({ interval: 0 }),
    ],
    [
      'validateIdle(validate, invalidate, { timeout: NaN })',
      'options.timeout',
      'ERR_OUT_OF_RANGE',
      () => validating({ timeout: Number.NaN }),
    ],
    [
      'validateIdle(validate, invalidate, { maxValidations: 0 })',
      'options.maxValidations',
      'ERR_OUT_OF_RANGE',
      () => validating({ maxValidations: 0 }),
    ],
    [
      'validateIdle(validate, invalidate, { scheduler: 0 })',
      'options.scheduler',
      'ERR_INVALID_ARG_TYPE',
      () => validating({ scheduler: wrong(0) }),
    ],
  ])('%s throws, naming %s (%s)', (_call, argument, code, run) => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(`^${argument} must be`) }));
  });
});
