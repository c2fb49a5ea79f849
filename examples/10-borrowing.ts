// Exclusive borrowing: leases, the queue, resets, leaks. The server keeps a counter that sessions change in
// transactions, and tells each session how many requests it may have in flight.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { filter, firstValueFrom, lastValueFrom, ReplaySubject, take } from 'rxjs';
import { BaseConnection, ConnectionPool } from 'rxpool';

/** One session: a request is a line, and so is its reply. */
class Session extends BaseConnection<Socket> {
  readonly capacity$ = new ReplaySubject<number>(1);
  readonly #asked: { resolve(reply: string): void; reject(cause: Error): void }[] = [];

  constructor(readonly port: number) {
    super();
  }

  async ask(line: string): Promise<string> {
    this.begin();
    try {
      return await new Promise<string>((resolve, reject) => {
        if (!this.transport) throw new Error('not connected');
        this.#asked.push({ resolve, reject });
        this.transport.write(`${line}\n`);
      });
    } finally {
      this.end();
    }
  }

  async *countTo(last: number): AsyncGenerator<string> {
    for (let count = 1; count <= last; count++) yield await this.ask(`echo ${count}`);
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    signal.addEventListener('abort', () => socket.destroy(signal.reason), { once: true });
    socket.on('error', () => {}).on('close', () => this.lost(socket, new Error('hung up')));
    const lines = createInterface(socket);
    const greeting = once(lines, 'line', { signal });
    lines.on('line', (line: string) => {
      if (line.startsWith('capacity ')) this.capacity$.next(Number(line.slice(9)));
      else this.#asked.shift()?.resolve(line);
    });
    await Promise.all([once(socket, 'connect'), greeting]);
    return socket;
  }

  protected override shut(socket: Socket): void {
    socket.destroy();
    for (const { reject } of this.#asked.splice(0)) reject(new Error('hung up'));
  }
}

function startCounter() {
  let counter = 10;
  const sessions = new Set<Socket>();
  const server = createServer((socket) => {
    let change = 0;
    const commands: Record<string, (argument: string) => unknown> = {
      take: (amount) => {
        change -= Number(amount);
        return counter + change;
      },
      commit: () => {
        counter += change;
        change = 0;
        return counter;
      },
      rollback: () => {
        change = 0;
        return counter;
      },
      echo: (word) => word,
    };
    sessions.add(socket.on('error', () => {}));
    socket.write('capacity 1\n');
    createInterface(socket).on('line', (line) => {
      const [command = '', argument = ''] = line.split(' ');
      socket.write(`${commands[command]?.(argument)}\n`);
    });
  });
  const allow = (capacity: number): void => {
    for (const socket of sessions) socket.write(`capacity ${capacity}\n`);
  };
  return { server: server.listen(0, '127.0.0.1'), allow };
}

async function main(): Promise<void> {
  const { server, allow } = startCounter();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pool = new ConnectionPool(1, () => new Session(port), {
    reset: (session) => session.ask('rollback'),
    leakThreshold: 50,
  });
  await pool.setup();

  // The server allows 1, so a lease is exclusive and other callers wait in turn.
  const transfer = async (name: string): Promise<void> => {
    using lease = await pool.lease();
    await lease.connection.ask('take 1');
    console.log(`${name} leaves`, await lease.connection.ask('commit'));
  };
  const transfers = ['ann', 'bob', 'cleo'].map(transfer);
  console.log('waiting:', pool.health.waiting);
  await Promise.all(transfers);

  // `reset` rolls back what a borrower left uncommitted, before the next borrowing.
  const careless = await pool.lease();
  console.log('taken, not committed:', await careless.connection.ask('take 5'));
  careless.release();
  console.log('after the reset:', await pool.use((session) => session.ask('commit')));

  // Work that is a stream gives the connection back when it ends or is unsubscribed from.
  const counts$ = pool.withConnection((session) => session.countTo(100));
  console.log('counted:', await lastValueFrom(counts$.pipe(take(3))));

  // A lease that is held for longer than `leakThreshold` is reported, with the stack of its call.
  const suspected = firstValueFrom(pool.events$.pipe(filter((event) => event.type === 'leak-suspected')));
  const kept = await (function forgetful() {
    return pool.lease();
  })();
  const { duration, acquiredAt } = await suspected;
  console.log(`held for ${duration} ms, taken by`, /forgetful/.exec(acquiredAt)?.[0]);
  kept.release();

  // As soon as the server allows more, waiters are served.
  const leases = [1, 2, 3, 4].map(() => pool.lease());
  console.log('waiting:', pool.health.waiting);
  const served = firstValueFrom(pool.health$.pipe(filter(({ waiting }) => waiting < 3)));
  allow(3);
  const { pending, waiting } = await served;
  console.log(`served: ${pending}, waiting: ${waiting}`);
  for (const lease of leases) void lease.then((one) => one.release());
  await Promise.all(leases);

  await pool.dispose();
  server.close();
}

void main();
