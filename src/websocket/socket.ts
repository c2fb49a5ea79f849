/** Data to send: text or bytes. */
export type WebSocketData = string | ArrayBuffer | ArrayBufferView;

/** Received data: text or bytes. */
export type WebSocketReceived = string | ArrayBuffer;

/** An event of a WebSocket; each type has some of these members. */
export interface WebSocketEvent {
  /** The type: `open`, `message`, `error` or `close`. */
  readonly type: string;
  /** Of `message`: the data. */
  readonly data?: unknown;
  /** Of `close`: the code. */
  readonly code?: number;
  /** Of `close`: the server's reason. */
  readonly reason?: string;
  /** Of `close`: whether both sides agreed to close. */
  readonly wasClean?: boolean;
  /** Of `error`: the error, which browsers do not give. */
  readonly error?: unknown;
}

/** The members of a WebSocket that a connection needs. Those of browsers, of Node and of the package `ws` have them. */
export interface WebSocketLike {
  /** 0 while it opens, 1 while it is open, more after that. */
  readonly readyState: number;
  /** Bytes that were sent and are still buffered. */
  readonly bufferedAmount: number;
  /** Set to `arraybuffer`. */
  binaryType: string;
  /** Sends a message. */
  send(data: WebSocketData): void;
  /** Begins to close it. */
  close(code?: number, reason?: string): void;
  /** Ends it without the closing handshake, if the implementation can. */
  terminate?(): void;
  /** Adds a listener for a type of event. */
  addEventListener(type: WebSocketEventType, listener: (event: WebSocketEvent) => void): void;
  /** Removes a listener. */
  removeEventListener(type: WebSocketEventType, listener: (event: WebSocketEvent) => void): void;
}

/** The types of events. */
export type WebSocketEventType = 'open' | 'message' | 'error' | 'close';

/** A class of WebSockets: the global one, or `WebSocket` of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** `readyState` of an open WebSocket. */
export const OPEN = 1;
/** `readyState` of a closed WebSocket. */
export const CLOSED = 3;

/** The bytes of a message; undefined for a value that is neither text nor bytes. */
export function sizeOf(data: unknown): number | undefined {
  if (typeof data === 'string') return utf8Size(data);
  const size = (data as { readonly byteLength?: unknown } | null | undefined)?.byteLength;
  return typeof size === 'number' ? size : undefined;
}

/** Counted instead of encoded, because an encoder would copy the text. */
function utf8Size(text: string): number {
  let size = text.length;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit < 0x80) continue;
    // A pair of surrogates has two units and four bytes. A lone one is sent as U+FFFD, which has three bytes.
    if (unit < 0x800) size += 1;
    else if (isPair(text, place)) {
      size += 2;
      place++;
    } else size += 2;
  }
  return size;
}

const isPair = (text: string, place: number): boolean => (text.codePointAt(place) as number) > 0xffff;
