// How long to wait between dials, when to give up, and which causes are terminal.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { bufferCount, filter, firstValueFrom } from 'rxjs';
import {
  BaseConnection,
  type Connection,
  ConnectionPool,
  decorrelatedJitter,
  isTerminalCause,
  reconnectBroken,
} from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

/** A connection that logs in, to a server that answers OK or WRONGPASS. */
class AccountConnection extends BaseConnection<Socket> {
  constructor(readonly account: { readonly port: number; password: string }) {
    super();
  }

  protected async open(signal: AbortSignal): Promise<Socket> {
    const { port, password } = this.account;
    const socket = connect({ port, host: '127.0.0.1', signal });
    socket.on('error', () => {}).on('close', () => this.lost(socket, new Error('hung up')));
    socket.write(password);
    const [answer] = await once(socket, 'data', { signal });
    if (String(answer) === 'OK') return socket;
    socket.destroy();
    throw Object.assign(new Error('The login was refused'), { code: String(answer) });
  }

  protected shut(socket: Socket): void {
    socket.destroy();
  }
}

/** Resolves when all of the pool's connections have been given up. */
async function abandonment<C extends Connection>(pool: ConnectionPool<C>): Promise<void> {
  const abandoned$ = pool.events$.pipe(filter((event) => event.type === 'reconnect-abandoned'));
  for (const { reason, attempt } of await firstValueFrom(abandoned$.pipe(bufferCount(pool.poolSize)))) {
    console.log(`  given up after ${attempt} attempts: ${reason}`);
  }
}

async function aServerThatGoesAway(): Promise<void> {
  const server = await startZcachedServer();
  const { port } = server;
  const pool = new ConnectionPool(2, () => new ZcachedConnection({ port }), {
    heal: reconnectBroken({ backoff: decorrelatedJitter({ initial: 10, max: 40 }), maxAttempts: 3 }),
  });
  await pool.setup();

  console.log('a server goes away');
  const givenUp = abandonment(pool);
  await server.close();
  await givenUp;

  const another = await startZcachedServer({ port });
  // A connection that was given up is dialled every 30 s (`abandonedInterval`), and at once by `reconnect()` or `setup()`.
  console.log('  connected by reconnect():', await pool.reconnect());
  await pool.dispose();
  await another.close();
}

async function aPasswordThatIsWrong(): Promise<void> {
  let logins = 0;
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (password) => {
        logins++;
        socket.write(String(password) === 'open sesame' ? 'OK' : 'WRONGPASS');
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const account = { port: (server.address() as AddressInfo).port, password: 'sesame open' };

  // Refused logins and certificates are terminal by default. Other causes can be added.
  const isTerminal = (cause: unknown): boolean => isTerminalCause(cause) || cause instanceof TypeError;
  const pool = new ConnectionPool(2, () => new AccountConnection(account), { heal: reconnectBroken({ isTerminal }) });

  console.log('a password is wrong');
  const givenUp = abandonment(pool);
  await pool.setup();
  await givenUp;
  console.log('  logins:', logins);

  account.password = 'open sesame';
  console.log('  connected by reconnect():', await pool.reconnect());
  await pool.dispose();
  server.close();
}

void aServerThatGoesAway().then(aPasswordThatIsWrong);
