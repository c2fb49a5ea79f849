import type { WebSocketData, WebSocketEvent, WebSocketEventType, WebSocketLike } from 'rxpool/websocket';

type Listener = (event: WebSocketEvent) => void;

/** A WebSocket in memory: the test is the server. */
export class FakeSocket implements WebSocketLike {
  /** The latest that was made. */
  static latest: FakeSocket;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  readonly sent: string[] = [];
  readonly #listeners = new Map<Listener, WebSocketEventType>();

  constructor(readonly url: string) {
    FakeSocket.latest = this;
    queueMicrotask(() => {
      this.readyState = 1;
      this.#emit('open');
    });
  }

  /** How many listeners there are, besides the one that keeps an error from being uncaught. */
  get listeners(): number {
    return this.#listeners.size - 1;
  }

  send(data: WebSocketData): void {
    this.sent.push(data as string);
  }

  close(code = 1005): void {
    if (this.readyState > 1) return;
    this.readyState = 3;
    this.#emit('close', { code, reason: '', wasClean: true });
  }

  receive(message: unknown): void {
    this.#emit('message', { data: JSON.stringify(message) });
  }

  addEventListener(type: WebSocketEventType, listener: Listener): void {
    this.#listeners.set(listener, type);
  }

  removeEventListener(_: WebSocketEventType, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  #emit(type: WebSocketEventType, event: object = {}): void {
    for (const [listener, of] of [...this.#listeners]) if (of === type) listener({ type, ...event });
  }
}
