import { PoolError } from '../errors.js';
import { RequestError } from '../request/errors.js';
import type { ZcachedAddress } from './address.js';
import { nameOf } from './address.js';

/** The kind of a server's error reply, the same for both generations. */
export type ZcachedErrorKind =
  | 'NOT_FOUND'
  | 'UNKNOWN_COMMAND'
  | 'TYPE'
  | 'BUSY_KEY'
  | 'NOT_ALLOWED'
  | 'TOO_MANY_CLIENTS'
  | 'NO_SAVE'
  | 'TOO_LARGE'
  | 'BAD_REQUEST'
  | 'UNEXPECTED';

/**
 * The server answered with an error. `kind` says which. `serverText` is the server's text; it may repeat a key, and
 * therefore appears in no message, JSON or inspection.
 * @example
 * ```ts
 * await client.copy('draft', 'backup').catch((error) => {
 *   if (!(error instanceof ZcachedServerError && error.kind === 'BUSY_KEY')) throw error;
 * });
 * ```
 */
export class ZcachedServerError extends RequestError {
  override readonly name: string = 'ZcachedServerError';
  readonly code = 'ERR_ZCACHED_SERVER';
  readonly #text: string;

  constructor(
    request: string,
    /** The kind of error. */
    readonly kind: ZcachedErrorKind,
    text: string,
  ) {
    super(request, 'maybe', `the server answered ${kind}`);
    this.#text = text;
  }

  /** The text of the reply; it may contain user data. */
  get serverText(): string {
    return this.#text;
  }
}

/** The server sent something that is no reply, or that was not asked for. The connection is closed. */
export class ZcachedProtocolError extends PoolError {
  override readonly name: string = 'ZcachedProtocolError';
  readonly code = 'ERR_ZCACHED_PROTOCOL';
  /** Requests on the connection may have had an effect. */
  readonly sent = 'maybe';

  constructor(
    explanation: string,
    /** The offset of the malformed part in all bytes received on this connection. */
    readonly offset: number,
  ) {
    super(`${explanation}, at byte ${offset} of what the server sent`);
  }
}

/** Why an argument was refused. */
export type ZcachedRefusal =
  | 'EMPTY_STRING'
  | 'EMPTY_MAP'
  | 'CONTROL_CHARACTER'
  | 'ILL_FORMED_STRING'
  | 'INTEGER_RANGE'
  | 'TOO_DEEP'
  | 'TYPE'
  | 'UNREADABLE'
  | 'COMMAND'
  | 'KEY'
  | 'SAME_KEY'
  | 'ARRAY'
  | 'ARRAY_HEADER';

/**
 * The advice in the message for a value that does not fit the protocol: the option `encoding`, of a client or of a
 * call.
 */
const JSON_ENCODING = "as a value, the client's option encoding: 'json' stores it";
const EITHER_ENCODING =
  "as a value, the client's option encoding: 'json' stores it, or encoding: 'bytes' if it is bytes; a key is one line of text";

const REFUSALS: Record<ZcachedRefusal, string> = {
  EMPTY_STRING: `an empty string cannot be sent; ${EITHER_ENCODING}`,
  EMPTY_MAP: `an empty map cannot be sent; ${JSON_ENCODING} as an object`,
  CONTROL_CHARACTER: `0x03, line feed and carriage return cannot be sent; ${EITHER_ENCODING}`,
  ILL_FORMED_STRING: `a lone surrogate has no UTF-8; ${JSON_ENCODING}`,
  INTEGER_RANGE: 'a bigint must fit 64 bits; a string holds any number of digits',
  TOO_DEEP: `nested more than 32 levels deep, or in a cycle; ${JSON_ENCODING} if it has no cycle`,
  TYPE:
    'must be a string, Uint8Array, number, ZcachedDouble, bigint, boolean, null, array, Map, Set or plain object, ' +
    "and so must what is in it; the client's option encoding: 'json' stores whatever JSON can",
  UNREADABLE: 'reading it threw; the cause says what',
  COMMAND: 'a command is 1 to 32 letters',
  KEY: 'a key must be a string',
  ARRAY: `a server of 2024 runs an array as a command where one of its reads begins there; ${JSON_ENCODING}`,
  ARRAY_HEADER:
    'text that ends in * and digits can begin a command for a server of 2024, where one of its reads begins there; ' +
    `${JSON_ENCODING}; a key has to end otherwise`,
  SAME_KEY: 'a value cannot be copied onto itself: the server would destroy it',
};

/**
 * An argument that the protocol cannot carry safely. Nothing was queued. The error names the position of the argument,
 * never its content.
 */
export class ZcachedArgumentError extends RequestError {
  override readonly name: string = 'ZcachedArgumentError';
  readonly code = 'ERR_ZCACHED_ARGUMENT';

  constructor(
    request: string,
    /** The position: 0 is the command, 1 the first argument. */
    readonly position: number,
    /** Why it was refused. */
    readonly reason: ZcachedRefusal,
    /** The error of a getter or a proxy, if that is the reason. */
    cause?: unknown,
  ) {
    super(request, 'never', `${position === 0 ? '' : `argument ${position}: `}${REFUSALS[reason]}`, cause);
  }
}

/** The request would be larger than `maxRequestBytes`. Nothing was queued. */
export class ZcachedRequestTooLargeError extends RequestError {
  override readonly name: string = 'ZcachedRequestTooLargeError';
  readonly code = 'ERR_ZCACHED_REQUEST_TOO_LARGE';

  constructor(
    request: string,
    /** The limit in bytes. */
    readonly limit: number,
    /** The argument that exceeded the limit: 0 is the command, 1 the first argument. */
    readonly position: number,
  ) {
    const culprit = position === 0 ? 'the request is' : `argument ${position} makes the request`;
    super(request, 'never', `${culprit} larger than the option maxRequestBytes allows, ${limit} bytes`);
  }
}

/** The reply of the server does not fit the command. */
export class ZcachedReplyError extends RequestError {
  override readonly name: string = 'ZcachedReplyError';
  readonly code = 'ERR_ZCACHED_REPLY';

  constructor(request: string, expected: string) {
    super(request, 'maybe', `the reply is not ${expected}`);
  }
}

/** The server is of 2024 and does not support this. Nothing was queued. */
export class ZcachedUnsupportedError extends RequestError {
  override readonly name: string = 'ZcachedUnsupportedError';
  readonly code = 'ERR_ZCACHED_UNSUPPORTED';

  constructor(
    request: string,
    /** The generation of the server. */
    readonly generation: '2024',
    feature: string,
  ) {
    super(request, 'never', `${feature} needs a server of 2025 or later`);
  }
}

/** The encoding that failed; `custom` is one given as an object. */
export type ZcachedEncodingName = 'json' | 'bytes' | 'custom';

const UNENCODABLE: Record<ZcachedEncodingName, string> = {
  json: 'has no JSON text; undefined, functions, bigints, cycles, Maps, Sets and bytes have none',
  bytes: 'must be a Uint8Array or another view of bytes',
  custom: 'the encoding threw',
};

const UNDECODABLE: Record<ZcachedEncodingName, string> = {
  json: 'what is stored is no JSON text',
  bytes: 'what is stored is no base64',
  custom: 'the encoding threw at what is stored',
};

/**
 * Either the encoding cannot encode a value, and nothing was sent; or a stored value has another encoding, and is
 * withheld. The error names the position: 1 is the first argument, and a value read has the position of its key.
 */
export class ZcachedEncodingError extends RequestError {
  override readonly name: string = 'ZcachedEncodingError';
  readonly code = 'ERR_ZCACHED_ENCODING';
  readonly #thrown: unknown;

  constructor(
    request: string,
    /** The encoding that failed. */
    readonly encoding: ZcachedEncodingName,
    /** Whether encoding or decoding failed. */
    readonly direction: 'encode' | 'decode',
    /** 1 is the first argument after the command. */
    readonly position: number,
    thrown?: unknown,
  ) {
    const [sent, why] = direction === 'encode' ? (['never', UNENCODABLE] as const) : (['maybe', UNDECODABLE] as const);
    super(request, sent, `argument ${position}: ${why[encoding]}`);
    this.#thrown = thrown;
  }

  /** The error of a custom encoding. It may quote the value, so it is not the `cause` and is shown nowhere else. */
  get thrown(): unknown {
    return this.#thrown;
  }
}

/**
 * No connection could be made: refused, an untrusted certificate, closed at once, or no zcached at the port. `cause`
 * says which. Has `host` and `port`, or the `path` of a Unix socket.
 */
export class ZcachedConnectError extends PoolError {
  override readonly name: string = 'ZcachedConnectError';
  readonly code = 'ERR_ZCACHED_CONNECT';
  /** The host that was dialled; undefined for a Unix socket. */
  readonly host: string | undefined;
  /** The port there. */
  readonly port: number | undefined;
  /** The path of the Unix socket. */
  readonly path: string | undefined;

  constructor(address: ZcachedAddress, cause: unknown) {
    super(`No connection to zcached at ${nameOf(address)}`, { cause });
    this.host = address.host;
    this.port = address.port;
    this.path = address.path;
  }
}

/** The server closed the connection, or the network failed; then `cause` is the socket's error. */
export class ZcachedDisconnectedError extends PoolError {
  override readonly name: string = 'ZcachedDisconnectedError';
  readonly code = 'ERR_ZCACHED_DISCONNECTED';

  constructor(cause?: unknown) {
    super(cause === undefined ? 'The server closed the connection' : 'The connection failed', { cause });
  }
}
