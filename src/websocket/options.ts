import {
  type Check,
  checkChoice,
  checkDuration,
  checkEach,
  checkFunction,
  checkObject,
  checkText,
  checkTimeout,
  checkWithin,
  unless,
} from '../checks.js';
import { type Clock, systemClock } from '../clock.js';
import { wrongType } from '../errors.js';
import type { WebSocketConstructor, WebSocketData, WebSocketReceived } from './socket.js';
import { endpointOf, parseUrl, type WebSocketUrl } from './url.js';

/**
 * A request of type `Q`, which `encode` decides: TypeScript does not infer `Q` from it. `NoInfer` needs TypeScript 5.4.
 *
 * @typeParam Q - a request.
 */
export type RequestOf<Q> = [Q][Q extends unknown ? 0 : never];

/**
 * The protocol over a WebSocket, deadlines and limits. Times are in milliseconds.
 *
 * Without `encode`, `decode` and `correlate` messages are JSON text. Each request is an object that gets a member `id`;
 * its reply has the same `id`. A message without `id` answers no request.
 *
 * @typeParam Q - a request.
 * @typeParam M - a message, as `decode` returns it.
 * @typeParam R - a reply, as `reply` returns it for a message.
 */
export interface WebSocketOptions<Q = unknown, M = unknown, R = M> {
  /** The name in logs, events, errors and metrics. @default 'websocket' and a number of its own */
  readonly name?: string | undefined;
  /**
   * The server in logs, events and errors, and for a pool with `endpoints`.
   * @default the URL without user, password, query and fragment; none if it is a function
   */
  readonly endpoint?: string | undefined;
  /** The subprotocols offered to the server. @default none */
  readonly protocols?: string | readonly string[] | undefined;
  /** The class of the WebSocket, for example `WebSocket` of the package `ws`. @default the global one */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Encodes a request as text or bytes. A protocol by id includes the `id`, which is unique among the requests of the
   * connection. @default JSON text of the request, with a member `id` in a protocol by id
   */
  readonly encode?: ((request: Q, id: number) => WebSocketData) | undefined;
  /** Decodes received text or bytes to a message. If it throws, the connection breaks. @default JSON.parse */
  readonly decode?: ((data: WebSocketReceived) => M) | undefined;
  /**
   * Returns the id of the request that a message answers; undefined for a message that answers none, which `messages$`
   * emits. @default its member `id`, if that is a number
   */
  readonly correlate?: ((message: M) => number | undefined) | undefined;
  /**
   * For a protocol without ids, whose replies come in the order of the requests; replaces `correlate`. `true` if every
   * message is a reply; otherwise a function that says whether a message is one. @default false
   */
  readonly inOrder?: boolean | ((message: M) => boolean) | undefined;
  /**
   * Makes the reply from the message that answers a request. If it throws, the request rejects. @default the message
   */
  readonly reply?: ((message: M) => R) | undefined;
  /**
   * How to handle the id of no request in flight. `break` treats it as a violation of the protocol and closes the
   * connection; `message` lets `messages$` emit the message. Late replies to timed-out or aborted requests are dropped
   * in either case. @default 'break'
   */
  readonly unknownId?: 'break' | 'message' | undefined;
  /** Whether a message says that the server takes no new requests and finishes those it has. @default always false */
  readonly isDraining?: ((message: M) => boolean) | undefined;
  /** Names a request in errors, without anything secret. @default 'request' */
  readonly label?: ((request: Q) => string) | undefined;
  /** Makes the first request of each dial, such as a login. The dial succeeds when it is answered. @default none */
  readonly hello?: (() => RequestOf<Q> | PromiseLike<RequestOf<Q>>) | undefined;
  /** Makes a request that every live server answers, for `ping()` and for keep-alive. @default none */
  readonly ping?: (() => RequestOf<Q>) | undefined;
  /** Time without a message after which a ping is sent, if there is `ping`; `false` for never. @default 30000 */
  readonly pingInterval?: number | false | undefined;
  /** Time after which an unanswered ping breaks the connection. @default 5000 */
  readonly pingTimeout?: number | undefined;
  /** Time from dialling to the open WebSocket and the reply to `hello`. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** Time from `request` to the reply, including time in the queue. @default 5000 */
  readonly requestTimeout?: number | undefined;
  /** Time for outstanding requests and the closing handshake when the connection is closed. @default 1000 */
  readonly closeTimeout?: number | undefined;
  /** Bytes of one request; a larger one is refused before it is sent. @default 8388608 */
  readonly maxRequestBytes?: number | undefined;
  /**
   * Bytes of one message; a larger one breaks the connection, but only after it was received. `maxPayload` of the
   * package `ws` refuses it earlier. @default 8388608
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Requests that may be in flight at once; others wait in the queue. Use 1 for a server that supports no more.
   * @default 1000
   */
  readonly maxInFlight?: number | undefined;
  /** Requests that may wait in the queue; further ones are refused at once. @default 10000 */
  readonly maxQueue?: number | undefined;
  /** Requests wait in the queue while more bytes than this are buffered for sending. @default 1048576 */
  readonly maxBufferedBytes?: number | undefined;
  /**
   * Close codes after which redialling soon cannot succeed: the connection is abandoned, and dialled rarely.
   * @default [1008, 1010, 4401, 4403]
   */
  readonly terminalCodes?: readonly number[] | undefined;
  /** The clock of timeouts; for tests. @default the system's monotonic clock */
  readonly clock?: Clock | undefined;
}

/** Requires the option `reply` if the reply is not the message itself. */
export type ReplyOf<M, R> = [M] extends [R] ? unknown : { readonly reply: (message: M) => R };

/** All options, with the defaults of those not given. */
export interface WebSocketSettings<Q, M, R> {
  readonly name: string;
  readonly endpoint: string | undefined;
  readonly url: WebSocketUrl;
  readonly protocols: readonly string[];
  readonly WebSocket: WebSocketConstructor;
  readonly encode: (request: Q, id: number) => WebSocketData;
  readonly decode: (data: WebSocketReceived) => M;
  readonly correlate: (message: M) => number | undefined;
  /** Whether a message is a reply; undefined for a protocol by id. */
  readonly isReply: ((message: M) => boolean) | undefined;
  readonly reply: (message: M) => R;
  readonly unknownId: 'break' | 'message';
  readonly isDraining: ((message: M) => boolean) | undefined;
  readonly label: (request: Q) => string;
  readonly hello: (() => Q | PromiseLike<Q>) | undefined;
  readonly ping: (() => Q) | undefined;
  readonly pingInterval: number | false;
  readonly pingTimeout: number;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly closeTimeout: number;
  readonly maxRequestBytes: number;
  readonly maxMessageBytes: number;
  readonly maxInFlight: number;
  readonly maxQueue: number;
  readonly maxBufferedBytes: number;
  readonly terminalCodes: readonly number[];
  readonly clock: Clock;
}

// Exists in browsers, and in Node from version 22 on.
declare const WebSocket: WebSocketConstructor | undefined;

const within =
  (least: number): Check =>
  (argument, value) =>
    checkWithin(argument, value, least);

const checkTexts: Check = (argument, value) => {
  if (typeof value === 'string') return;
  if (!Array.isArray(value)) throw wrongType(argument, 'a string or an array of strings', value);
  value.forEach((text, place) => {
    checkText(`${argument}[${place}]`, text);
  });
};

const checkCodes: Check = (argument, value) => {
  if (!Array.isArray(value)) throw wrongType(argument, 'an array of close codes', value);
  value.forEach((code, place) => {
    checkWithin(`${argument}[${place}]`, code, 1000, 4999);
  });
};

const CHECKS: { readonly [O in keyof Required<WebSocketOptions>]: Check } = {
  name: checkText,
  endpoint: checkText,
  protocols: checkTexts,
  WebSocket: checkFunction,
  encode: checkFunction,
  decode: checkFunction,
  correlate: checkFunction,
  inOrder: (argument, value) => typeof value === 'boolean' || checkFunction(argument, value),
  reply: checkFunction,
  unknownId: (argument, value) => checkChoice(argument, value, ['break', 'message']),
  isDraining: checkFunction,
  label: checkFunction,
  hello: checkFunction,
  ping: checkFunction,
  pingInterval: unless(false, checkTimeout),
  pingTimeout: checkTimeout,
  connectTimeout: checkTimeout,
  requestTimeout: checkTimeout,
  closeTimeout: checkDuration,
  maxRequestBytes: within(1),
  maxMessageBytes: within(1),
  maxInFlight: within(1),
  maxQueue: within(0),
  maxBufferedBytes: within(0),
  terminalCodes: checkCodes,
  clock: checkObject,
};

/** Policy violation, a missing extension, and the codes that servers use like 401 and 403. */
const TERMINAL_CODES: readonly number[] = [1008, 1010, 4401, 4403];

const MAX_BYTES = 8 * 1024 * 1024;

/** How many connections have been named here. */
let connections = 0;

/** Checks the options, and fills in the defaults. */
export function resolveOptions<Q, M, R>(
  url: WebSocketUrl,
  options: WebSocketOptions<Q, M, R>,
): WebSocketSettings<Q, M, R> {
  checkEach('options', options, CHECKS);
  const parsed = typeof url === 'function' ? undefined : parseUrl(url);
  const { inOrder = false, correlate, protocols = [] } = options;
  if (inOrder && correlate) throw wrongType('options.correlate', 'left out beside inOrder', correlate);
  const socketClass = options.WebSocket ?? (typeof WebSocket === 'undefined' ? undefined : WebSocket);
  checkFunction('options.WebSocket', socketClass);
  return Object.freeze({
    name: options.name ?? `websocket-${++connections}`,
    endpoint: options.endpoint ?? (parsed && endpointOf(parsed)),
    url: parsed ? parsed.href : url,
    protocols: typeof protocols === 'string' ? [protocols] : [...protocols],
    WebSocket: socketClass as WebSocketConstructor,
    encode: options.encode ?? (inOrder ? encodeJson : encodeJsonWithId),
    decode: options.decode ?? decodeJson,
    correlate: correlate ?? idOf,
    isReply: inOrder === true ? () => true : inOrder || undefined,
    // Without `reply` a message is a reply: see ReplyOf.
    reply: options.reply ?? ((message: M) => message as unknown as R),
    unknownId: options.unknownId ?? 'break',
    isDraining: options.isDraining,
    label: options.label ?? (() => 'request'),
    hello: options.hello as WebSocketSettings<Q, M, R>['hello'],
    ping: options.ping as WebSocketSettings<Q, M, R>['ping'],
    pingInterval: options.pingInterval ?? 30_000,
    pingTimeout: options.pingTimeout ?? 5000,
    connectTimeout: options.connectTimeout ?? 5000,
    requestTimeout: options.requestTimeout ?? 5000,
    closeTimeout: options.closeTimeout ?? 1000,
    maxRequestBytes: options.maxRequestBytes ?? MAX_BYTES,
    maxMessageBytes: options.maxMessageBytes ?? MAX_BYTES,
    maxInFlight: options.maxInFlight ?? 1000,
    maxQueue: options.maxQueue ?? 10_000,
    maxBufferedBytes: options.maxBufferedBytes ?? 1024 * 1024,
    terminalCodes: options.terminalCodes ?? TERMINAL_CODES,
    clock: options.clock ?? systemClock,
  });
}

const encodeJson = (request: unknown): string => JSON.stringify(request);

function encodeJsonWithId(request: unknown, id: number): string {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new TypeError('Without the option encode, a request must be an object, which is given an id');
  }
  return JSON.stringify({ ...request, id });
}

function decodeJson<M>(data: WebSocketReceived): M {
  if (typeof data === 'string') return JSON.parse(data);
  throw new TypeError('Bytes were received, and only the option decode can read them');
}

function idOf(message: unknown): number | undefined {
  const id = (message as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === 'number' ? id : undefined;
}
