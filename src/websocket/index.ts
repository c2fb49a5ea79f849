export type { Clock } from '../clock.js';
export {
  ConnectionLostError,
  NotConnectedError,
  RequestAbortedError,
  RequestError,
  RequestQueueFullError,
  RequestTimeoutError,
  type Sent,
} from '../request/errors.js';
export { type WebSocketCallOptions, WebSocketConnection } from './connection.js';
export {
  WebSocketClosedError,
  WebSocketConnectError,
  WebSocketEncodingError,
  WebSocketProtocolError,
  WebSocketRequestTooLargeError,
  type WebSocketViolation,
} from './errors.js';
export type { ReplyOf, RequestOf, WebSocketOptions } from './options.js';
export { type PageAwakeOptions, type PageDocument, type PageEvents, type PageWindow, pageAwake } from './page-awake.js';
export type {
  WebSocketConstructor,
  WebSocketData,
  WebSocketEvent,
  WebSocketEventType,
  WebSocketLike,
  WebSocketReceived,
} from './socket.js';
export type { WebSocketAddress, WebSocketUrl } from './url.js';
