import { abortable, onAbort } from '../abort.js';
import { MAX_TIMER_DELAY } from '../checks.js';
import { deadline, TIMER_PARTS } from '../clock.js';
import { ConnectTimeoutError } from '../errors.js';
import { WebSocketClosedError, WebSocketConnectError } from './errors.js';
import type { WebSocketSettings } from './options.js';
import { Transport, type TransportOwner } from './transport.js';
import { parseUrl } from './url.js';

/**
 * Opens a WebSocket and waits for the reply to `hello`, within `connectTimeout`. If the dial ends early, the WebSocket
 * is closed.
 */
export async function dial<Q, M, R>(
  settings: WebSocketSettings<Q, M, R>,
  signal: AbortSignal,
  owner: TransportOwner<M>,
): Promise<Transport<Q, M, R>> {
  signal.throwIfAborted();
  const { clock, connectTimeout, endpoint } = settings;
  const dialling = new AbortController();
  const stop = onAbort(signal, () => dialling.abort(signal.reason));
  const expired = (): void => {
    const server = endpoint ?? 'the server';
    dialling.abort(new ConnectTimeoutError(`No WebSocket to ${server} was open within ${connectTimeout} ms`));
  };
  const cancel = deadline(clock, connectTimeout, expired, TIMER_PARTS);
  try {
    return await open(settings, dialling.signal, owner);
  } catch (error) {
    throw dialling.signal.aborted ? dialling.signal.reason : connectError(settings, error);
  } finally {
    cancel();
    stop();
  }
}

async function open<Q, M, R>(
  settings: WebSocketSettings<Q, M, R>,
  signal: AbortSignal,
  owner: TransportOwner<M>,
): Promise<Transport<Q, M, R>> {
  const { url, hello } = settings;
  const given = typeof url === 'function' ? await abortable(Promise.resolve(url({ signal })), signal) : url;
  const transport = construct(settings, parseUrl(given).href, owner);
  const stop = onAbort(signal, () => transport.destroy());
  try {
    await transport.opened;
    if (hello) {
      const request = await abortable(Promise.resolve(hello()), signal);
      // Only the deadline of the dial applies.
      await transport.ask(request, { timeout: MAX_TIMER_DELAY, isOwn: true });
    }
    transport.attach();
    return transport;
  } catch (error) {
    transport.destroy();
    throw transport.failure ? transport.failure.cause : error;
  } finally {
    stop();
  }
}

/** A page may be forbidden to dial, or to use these subprotocols: redialling would not help. */
function construct<Q, M, R>(
  settings: WebSocketSettings<Q, M, R>,
  url: string,
  owner: TransportOwner<M>,
): Transport<Q, M, R> {
  try {
    return new Transport(settings, url, owner);
  } catch (error) {
    throw new WebSocketConnectError(settings.endpoint, undefined, true, error);
  }
}

/** How the package `ws` reports the status with which a server refused the handshake. */
const REFUSED = /^Unexpected server response: (\d{3})$/;

/** Statuses of 4xx that pass by themselves. */
const PASSING: readonly number[] = [408, 421, 425, 429];

function connectError<Q, M, R>({ endpoint }: WebSocketSettings<Q, M, R>, error: unknown): unknown {
  if (error instanceof WebSocketConnectError) return error;
  // No connection was lost, so the cause is the error of the implementation, if it gives one.
  const isMute = error instanceof WebSocketClosedError && error.closeCode === 1006;
  const cause = isMute ? error.cause : error;
  const status = Number(REFUSED.exec(messageOf(cause))?.[1]);
  if (Number.isNaN(status)) return new WebSocketConnectError(endpoint, undefined, false, cause);
  const isTerminal = status >= 400 && status < 500 && !PASSING.includes(status);
  return new WebSocketConnectError(endpoint, status, isTerminal, cause);
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : '';
}
