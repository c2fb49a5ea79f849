import { BaseConnection } from 'rxpool';

let made = 0;

/** A connection to a server that answers each message with the same text. */
export class EchoConnection extends BaseConnection<WebSocket> {
  readonly name = `echo ${made++}`;
  readonly #replies: ((text: string) => void)[] = [];

  constructor(readonly url: string) {
    super();
  }

  send(text: string): Promise<string> {
    this.begin();
    return new Promise((resolve) => {
      this.#replies.push(resolve);
      this.transport?.send(text);
    });
  }

  protected override open(): Promise<WebSocket> {
    const socket = new WebSocket(this.url);
    socket.addEventListener('message', ({ data }) => {
      this.end();
      this.#replies.shift()?.(data);
    });
    socket.addEventListener('close', () => this.lost(socket, new Error('closed')));
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(socket));
      socket.addEventListener('error', () => reject(new Error('no connection')));
    });
  }

  protected override shut(socket: WebSocket): void {
    socket.close();
  }
}
