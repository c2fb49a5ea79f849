import { PoolError } from '../errors.js';
import { RequestError } from '../request/errors.js';

/**
 * No connection could be made. `cause` says why, if the implementation does; a browser does not. With the package `ws`,
 * `status` is the server's answer to the handshake.
 */
export class WebSocketConnectError extends PoolError {
  override readonly name: string = 'WebSocketConnectError';
  readonly code = 'ERR_WEBSOCKET_CONNECT';

  constructor(
    /** The server, if known. */
    readonly endpoint: string | undefined,
    /** The HTTP status with which the server refused the handshake, if known. */
    readonly status: number | undefined,
    /** Whether redialling soon cannot succeed. `isTerminalCause` reads it. */
    readonly terminal: boolean,
    cause?: unknown,
  ) {
    const why = status === undefined ? '' : `: the server answered ${status}`;
    super(`No WebSocket to ${endpoint ?? 'the server'}${why}`, { cause });
  }
}

/** A WebSocket was closed, but not by `close()`. */
export class WebSocketClosedError extends PoolError {
  override readonly name: string = 'WebSocketClosedError';
  readonly code = 'ERR_WEBSOCKET_CLOSED';

  constructor(
    /** The close code; 1006 if the connection ended without one, and 1005 if the server gave none. */
    readonly closeCode: number,
    /** The server's reason; it appears in no message. */
    readonly reason: string,
    /** Whether both sides agreed to close. */
    readonly wasClean: boolean,
    /** Whether redialling soon cannot succeed, by the option `terminalCodes`. `isTerminalCause` reads it. */
    readonly terminal: boolean,
    cause?: unknown,
  ) {
    super(`The WebSocket was closed with code ${closeCode}`, { cause });
  }
}

/** How a message of the server violates the protocol. */
export type WebSocketViolation = 'TOO_LARGE' | 'UNDECODABLE' | 'UNKNOWN_ID' | 'UNEXPECTED_REPLY';

const VIOLATIONS: Record<WebSocketViolation, string> = {
  TOO_LARGE: 'A message is larger than the option maxMessageBytes allows',
  UNDECODABLE: 'A message could not be read: decode(), correlate() or inOrder() threw',
  UNKNOWN_ID: 'A reply has an id that no request in flight has',
  UNEXPECTED_REPLY: 'A reply came without a request',
};

/** A message of the server violates the protocol. The connection is closed. */
export class WebSocketProtocolError extends PoolError {
  override readonly name: string = 'WebSocketProtocolError';
  readonly code = 'ERR_WEBSOCKET_PROTOCOL';
  readonly #thrown: unknown;

  constructor(
    /** The kind of violation. */
    readonly violation: WebSocketViolation,
    /** The length of the message in bytes. */
    readonly bytes: number,
    thrown?: unknown,
  ) {
    super(`${VIOLATIONS[violation]} (${bytes} bytes)`);
    this.#thrown = thrown;
  }

  /** The error of `decode`, `correlate` or `inOrder`. It may quote the message, so it is not the `cause`. */
  get thrown(): unknown {
    return this.#thrown;
  }
}

/** The request would be larger than `maxRequestBytes`. Nothing was sent. */
export class WebSocketRequestTooLargeError extends RequestError {
  override readonly name: string = 'WebSocketRequestTooLargeError';
  readonly code = 'ERR_WEBSOCKET_REQUEST_TOO_LARGE';

  constructor(
    request: string,
    /** The length of the request in bytes. */
    readonly bytes: number,
    /** The limit in bytes. */
    readonly limit: number,
  ) {
    super(request, 'never', `its ${bytes} bytes are more than the option maxRequestBytes allows, ${limit}`);
  }
}

/** `encode` threw, or returned neither text nor bytes. Nothing was sent. */
export class WebSocketEncodingError extends RequestError {
  override readonly name: string = 'WebSocketEncodingError';
  readonly code = 'ERR_WEBSOCKET_ENCODING';
  readonly #thrown: unknown;

  constructor(request: string, explanation: string, thrown?: unknown) {
    super(request, 'never', explanation);
    this.#thrown = thrown;
  }

  /** The error of `encode`. It may quote the request, so it is not the `cause`. */
  get thrown(): unknown {
    return this.#thrown;
  }
}
