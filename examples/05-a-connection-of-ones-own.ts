// Anything with four members can be pooled. Here: lines over TCP, to a server that answers each with itself.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { BehaviorSubject } from 'rxjs';
import { type Connection, ConnectionPool, type ConnectionState } from 'rxpool';

interface Waiting {
  resolve(reply: string): void;
  reject(cause: Error): void;
}

class LineConnection implements Connection {
  readonly state$ = new BehaviorSubject<ConnectionState>('idle');
  readonly pending$ = new BehaviorSubject(0);
  #waiting: Waiting[] = [];
  #socket: Socket | undefined;
  #dial: Promise<void> | undefined;

  constructor(readonly port: number) {}

  connect(): Promise<void> {
    if (this.state$.value === 'connected') return Promise.resolve();
    this.#dial ??= this.#open();
    return this.#dial;
  }

  async close(): Promise<void> {
    this.#end('closed', new Error('closed'));
  }

  /** Replies come in the order of the requests, so any number can be in flight. */
  request(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (!this.#socket) throw new Error('not connected');
      this.#waiting.push({ resolve, reject });
      this.pending$.next(this.#waiting.length);
      this.#socket.write(`${line}\n`);
    });
  }

  async #open(): Promise<void> {
    const socket = connect({ port: this.port, host: '127.0.0.1' }).setEncoding('utf8');
    this.#socket = socket;
    const lost = (cause: Error): void => {
      if (socket === this.#socket) this.#end('broken', cause);
    };
    let begun = '';
    socket.on('data', (data: string) => {
      const lines = (begun + data).split('\n');
      begun = lines.pop() ?? '';
      for (const line of lines) this.#waiting.shift()?.resolve(line);
      this.pending$.next(this.#waiting.length);
    });
    socket.on('error', lost).on('close', () => lost(new Error('hung up')));
    this.state$.next('connecting');
    await once(socket, 'connect');
    this.#dial = undefined;
    this.state$.next('connected');
  }

  #end(state: 'broken' | 'closed', cause: Error): void {
    // A dial under way rejects with the cause.
    this.#socket?.destroy(cause);
    this.#socket = this.#dial = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
    this.pending$.next(0);
    if (this.state$.value !== state) this.state$.next(state);
  }
}

async function main(): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const pool = new ConnectionPool(3, () => new LineConnection(port));
  await pool.setup();
  const replies = ['one', 'two', 'three', 'four', 'five', 'six'].map((line) =>
    pool.use((connection) => connection.request(line)),
  );
  console.log('pending:', pool.connections.map(({ pending$ }) => pending$.value).join(' '));
  console.log('replies:', (await Promise.all(replies)).join(' '));
  console.log('status:', pool.health.status);

  await pool.dispose();
  server.close();
}

void main();
