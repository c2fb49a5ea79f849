import { PoolError } from '../errors.js';
import { RequestError } from '../request/errors.js';

/**
 * No connection could be made; `cause` tells why, where the implementation does: a browser tells a page nothing. With the
 * package `ws`, `status` is what the server answered to the handshake.
 */
export class WebSocketConnectError extends PoolError {
  override readonly name: string = 'WebSocketConnectError';
  readonly code = 'ERR_WEBSOCKET_CONNECT';

  constructor(
    /** The server, where it is known. */
    readonly endpoint: string | undefined,
    /** The HTTP status by which the server refused the handshake, where it is known. */
    readonly status: number | undefined,
    /** Whether dialling again soon cannot succeed. `isTerminalCause` goes by it. */
    readonly terminal: boolean,
    cause?: unknown,
  ) {
    const why = status === undefined ? '' : `: the server answered ${status}`;
    super(`No WebSocket to ${endpoint ?? 'the server'}${why}`, { cause });
  }
}

/** A WebSocket was closed, though not by `close()`. */
export class WebSocketClosedError extends PoolError {
  override readonly name: string = 'WebSocketClosedError';
  readonly code = 'ERR_WEBSOCKET_CLOSED';

  constructor(
    /** The close code; 1006 where the connection ended without one, and 1005 where the server gave none. */
    readonly closeCode: number,
    /** What the server said; in no message. */
    readonly reason: string,
    /** Whether both sides agreed on the end. */
    readonly wasClean: boolean,
    /** Whether dialling again soon cannot succeed, by the option `terminalCodes`. `isTerminalCause` goes by it. */
    readonly terminal: boolean,
    cause?: unknown,
  ) {
    super(`The WebSocket was closed with code ${closeCode}`, { cause });
  }
}

/** How what came from the server breaks the protocol. */
export type WebSocketViolation = 'TOO_LARGE' | 'UNDECODABLE' | 'UNKNOWN_ID' | 'UNEXPECTED_REPLY';

const VIOLATIONS: Record<WebSocketViolation, string> = {
  TOO_LARGE: 'A message is larger than the option maxMessageBytes allows',
  UNDECODABLE: 'A message could not be read: decode(), or what tells replies apart, has thrown',
  UNKNOWN_ID: 'A reply has an id that no request in flight has',
  UNEXPECTED_REPLY: 'A reply came without a request',
};

/** What came from the server does not fit the protocol. The connection is given up. */
export class WebSocketProtocolError extends PoolError {
  override readonly name: string = 'WebSocketProtocolError';
  readonly code = 'ERR_WEBSOCKET_PROTOCOL';
  readonly #thrown: unknown;

  constructor(
    /** What is wrong. */
    readonly violation: WebSocketViolation,
    /** Bytes of the message. */
    readonly bytes: number,
    thrown?: unknown,
  ) {
    super(`${VIOLATIONS[violation]} (${bytes} bytes)`);
    this.#thrown = thrown;
  }

  /** What `decode`, `correlate` or `inOrder` threw. It may quote the message, and is therefore no `cause`. */
  get thrown(): unknown {
    return this.#thrown;
  }
}

/** The request would be larger than `maxRequestBytes`; nothing was sent. */
export class WebSocketRequestTooLargeError extends RequestError {
  override readonly name: string = 'WebSocketRequestTooLargeError';
  readonly code = 'ERR_WEBSOCKET_REQUEST_TOO_LARGE';

  constructor(
    request: string,
    /** Bytes of the request. */
    readonly bytes: number,
    /** Bytes allowed. */
    readonly limit: number,
  ) {
    super(request, 'never', `its ${bytes} bytes are more than the option maxRequestBytes allows, ${limit}`);
  }
}

/** `encode` threw, or made neither text nor bytes; nothing was sent. */
export class WebSocketEncodingError extends RequestError {
  override readonly name: string = 'WebSocketEncodingError';
  readonly code = 'ERR_WEBSOCKET_ENCODING';
  readonly #thrown: unknown;

  constructor(request: string, explanation: string, thrown?: unknown) {
    super(request, 'never', explanation);
    this.#thrown = thrown;
  }

  /** What `encode` threw. It may quote the request, and is therefore no `cause`. */
  get thrown(): unknown {
    return this.#thrown;
  }
}
