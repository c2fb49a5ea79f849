/** What is sent: text, or bytes. */
export type WebSocketData = string | ArrayBuffer | ArrayBufferView;

/** What is received: text, or bytes. */
export type WebSocketReceived = string | ArrayBuffer;

/** What an event of a WebSocket tells; each type has some of it. */
export interface WebSocketEvent {
  /** Which event it is: `open`, `message`, `error` or `close`. */
  readonly type: string;
  /** Of a message. */
  readonly data?: unknown;
  /** Of a close: its code. */
  readonly code?: number;
  /** Of a close: what the server said. */
  readonly reason?: string;
  /** Of a close: whether both sides have agreed on it. */
  readonly wasClean?: boolean;
  /** Of an error, where the implementation tells more than a browser may. */
  readonly error?: unknown;
}

/** What a connection needs of a WebSocket. That of browsers, of Node and of the package `ws` have it. */
export interface WebSocketLike {
  /** 0 while it is being opened, 1 while it is open, more after that. */
  readonly readyState: number;
  /** Bytes that have been sent and have not left yet. */
  readonly bufferedAmount: number;
  /** Set to `arraybuffer`. */
  binaryType: string;
  /** Sends a message. */
  send(data: WebSocketData): void;
  /** Begins to close it. */
  close(code?: number, reason?: string): void;
  /** Ends it without the closing handshake, where the implementation can. */
  terminate?(): void;
  /** Has a listener called for each event of a type. */
  addEventListener(type: WebSocketEventType, listener: (event: WebSocketEvent) => void): void;
  /** Has a listener not called any more. */
  removeEventListener(type: WebSocketEventType, listener: (event: WebSocketEvent) => void): void;
}

/** The events of a WebSocket. */
export type WebSocketEventType = 'open' | 'message' | 'error' | 'close';

/** A class of WebSockets: the global one, or `WebSocket` of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** `readyState` of a WebSocket that is open. */
export const OPEN = 1;
/** `readyState` of a WebSocket that is closed. */
export const CLOSED = 3;

/** Bytes of a message; undefined for what is neither text nor bytes. */
export function sizeOf(data: unknown): number | undefined {
  if (typeof data === 'string') return utf8Size(data);
  const size = (data as { readonly byteLength?: unknown } | null | undefined)?.byteLength;
  return typeof size === 'number' ? size : undefined;
}

/** Counted rather than encoded: an encoder would copy the text. */
function utf8Size(text: string): number {
  let size = text.length;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit < 0x80) continue;
    // A pair of surrogates has four bytes, and two units. One that stands alone is sent as U+FFFD, which has three bytes.
    if (unit < 0x800) size += 1;
    else if (isPair(text, place)) {
      size += 2;
      place++;
    } else size += 2;
  }
  return size;
}

const isPair = (text: string, place: number): boolean => (text.codePointAt(place) as number) > 0xffff;
