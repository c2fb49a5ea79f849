import { expectTypeOf } from 'expect-type';
import type * as rxpool from 'rxpool';
import {
  type ArgumentError,
  PoolError,
  type PoolErrorCode,
  type PoolFigures,
  type UseTimeoutError,
  WaitTimeoutError,
} from 'rxpool';

type Code<E extends PoolError> = E['code'];

// Each class has a code of its own.
expectTypeOf<Code<rxpool.PoolEmptyError>>().toEqualTypeOf<'ERR_POOL_EMPTY'>();
expectTypeOf<Code<rxpool.PoolNotConnectedError>>().toEqualTypeOf<'ERR_POOL_NOT_CONNECTED'>();
expectTypeOf<Code<rxpool.PoolExhaustedError>>().toEqualTypeOf<'ERR_POOL_EXHAUSTED'>();
expectTypeOf<Code<rxpool.PoolSuspendedError>>().toEqualTypeOf<'ERR_POOL_SUSPENDED'>();
expectTypeOf<Code<rxpool.CircuitOpenError>>().toEqualTypeOf<'ERR_CIRCUIT_OPEN'>();
expectTypeOf<Code<rxpool.WaitQueueFullError>>().toEqualTypeOf<'ERR_WAIT_QUEUE_FULL'>();
expectTypeOf<Code<WaitTimeoutError>>().toEqualTypeOf<'ERR_WAIT_TIMEOUT'>();
expectTypeOf<Code<rxpool.PoolClosedError>>().toEqualTypeOf<'ERR_POOL_CLOSED'>();
expectTypeOf<Code<rxpool.PoolDisposedError>>().toEqualTypeOf<'ERR_POOL_DISPOSED'>();
expectTypeOf<Code<rxpool.ReadyTimeoutError>>().toEqualTypeOf<'ERR_READY_TIMEOUT'>();
expectTypeOf<Code<UseTimeoutError>>().toEqualTypeOf<'ERR_USE_TIMEOUT'>();
expectTypeOf<Code<rxpool.ConnectionInvalidatedError>>().toEqualTypeOf<'ERR_CONNECTION_INVALIDATED'>();
expectTypeOf<Code<rxpool.ResetError>>().toEqualTypeOf<'ERR_RESET'>();
expectTypeOf<Code<rxpool.WarmupError>>().toEqualTypeOf<'ERR_WARMUP'>();
expectTypeOf<Code<rxpool.RenewalError>>().toEqualTypeOf<'ERR_RENEWAL'>();
expectTypeOf<Code<rxpool.ConnectionFactoryError>>().toEqualTypeOf<'ERR_CONNECTION_FACTORY'>();
expectTypeOf<Code<rxpool.ConnectTimeoutError>>().toEqualTypeOf<'ERR_CONNECT_TIMEOUT'>();
expectTypeOf<Code<rxpool.CloseTimeoutError>>().toEqualTypeOf<'ERR_CLOSE_TIMEOUT'>();
expectTypeOf<Code<rxpool.ConnectionClosedError>>().toEqualTypeOf<'ERR_CONNECTION_CLOSED'>();
expectTypeOf<Code<rxpool.ConnectionStreamError>>().toEqualTypeOf<'ERR_CONNECTION_STREAM'>();
expectTypeOf<Code<rxpool.ValidationError>>().toEqualTypeOf<'ERR_VALIDATION'>();

/** Codes tell the errors of a union apart. */
export function retries(error: WaitTimeoutError | UseTimeoutError): boolean {
  if (error.code === 'ERR_WAIT_TIMEOUT') {
    expectTypeOf<WaitTimeoutError['sent']>().toEqualTypeOf<'never'>();
    expectTypeOf(error).toEqualTypeOf<WaitTimeoutError>();
    return true;
  }
  expectTypeOf(error).toEqualTypeOf<UseTimeoutError>();
  expectTypeOf(error.sent).toEqualTypeOf<'never' | 'maybe'>();
  return error.sent === 'never';
}

/** What is caught is unknown, and a `PoolError` where it is an instance. */
export function figuresOf(error: unknown): PoolFigures | undefined {
  if (!(error instanceof PoolError)) return undefined;
  const code: string = error.code;
  const known: PoolErrorCode = 'ERR_WAIT_TIMEOUT';
  // @ts-expect-error: no code of the core.
  const unknown: PoolErrorCode = 'ERR_OTHER';
  if (code === known || code === unknown) return undefined;
  expectTypeOf(error.figures).toEqualTypeOf<PoolFigures | undefined>();
  // @ts-expect-error: not every error of a pool is about something sent.
  error.sent;
  // @ts-expect-error: codes do not change.
  error.code = 'ERR_OTHER';
  return error.figures;
}

// @ts-expect-error: PoolError is there to be told apart and extended.
new PoolError('abstract');
export class OwnError extends PoolError {
  readonly code = 'ERR_OWN';
}
new OwnError('own', { cause: 1, figures: undefined });
// @ts-expect-error: an error of the library has a code.
export class CodelessError extends PoolError {}
new WaitTimeoutError('late', { cause: new Error('refused') });

expectTypeOf<ArgumentError>().toMatchTypeOf<Error & { readonly code: string }>();
