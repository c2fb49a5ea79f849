import { Agent } from 'node:http';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import { firstValueFrom, Subject } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import { ConnectionPoolModule, getPoolToken, InjectPool, OrderlyShutdown } from 'rxpool/nestjs';
import type { ScriptedConnection } from 'rxpool/testing';
import { until } from '../support/until.js';
import { compile, Factory } from './apps.js';
import { type Answer, ask, listen } from './http.js';

/** Handlers that wait, on a connection of the pool, until the test lets them finish. */
@Controller()
class Work {
  static begun = 0;
  static finished = 0;
  static readonly gate = new Subject<void>();

  constructor(@InjectPool() readonly pool: ConnectionPool<ScriptedConnection>) {}

  @Get('slow')
  async slow(): Promise<string> {
    Work.begun++;
    const text = await this.pool.use(async () => {
      await firstValueFrom(Work.gate);
      return 'done';
    });
    Work.finished++;
    return text;
  }

  @Get('fast')
  async fast(): Promise<string> {
    Work.begun++;
    const text = await this.pool.use(async () => 'done');
    Work.finished++;
    return text;
  }
}

describe('OrderlyShutdown', () => {
  let agent: Agent;
  let app: INestApplication;
  let port: number;

  beforeEach(async () => {
    Object.assign(Work, { begun: 0, finished: 0 });
    agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const pool = ConnectionPoolModule.forRoot({ poolSize: 2, connectionFactory: new Factory().make, log: false });
    ({ app, port } = await listen({ imports: [pool], controllers: [Work], providers: [OrderlyShutdown] }));
  });
  afterEach(() => agent.destroy());

  it('app.close() while clients keep sending over sockets that they keep alive: ends, and no request that reached a handler fails', async () => {
    const answers: Answer[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const answer = await ask(agent, `http://127.0.0.1:${port}/fast`);
        answers.push(answer);
        if (answer.error) return;
      }
    };
    const clients = Array.from({ length: 20 }, client);
    await until(() => answers.length > 100);
    await app.close();
    isOver = true;
    await Promise.all(clients);
    const failed = answers.filter(({ error }) => error !== undefined);
    // A connection that the server had not taken yet is refused or reset: no handler has begun for it.
    expect(failed.filter(({ error, isReused }) => isReused || !/ECONN(REFUSED|RESET)/.test(`${error}`))).toEqual([]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(Work.finished);
    expect(Work.begun).toBe(Work.finished);
  });

  it('requests in flight when app.close() is called: every handler finishes with its pool, and says Connection: close', async () => {
    const asked = Array.from({ length: 20 }, () => ask(agent, `http://127.0.0.1:${port}/slow`));
    await until(() => Work.begun === 20);
    let hasClosed = false;
    const closing = app.close().then(() => {
      hasClosed = true;
    });
    await until(() => app.getHttpServer().listening === false);
    expect(hasClosed).toBe(false);
    Work.gate.next();
    const answers = await Promise.all(asked);
    await closing;
    expect(answers).toEqual(
      answers.map(() => ({ status: 200, connection: 'close', body: 'done', error: undefined, isReused: false })),
    );
    expect(Work.finished).toBe(20);
    const { status } = app.get<ConnectionPool<ScriptedConnection>>(getPoolToken()).health;
    expect(status).toBe('closed');
  });

  it('before app.close() no response says Connection: close', async () => {
    const first = await ask(agent, `http://127.0.0.1:${port}/fast`);
    const second = await ask(agent, `http://127.0.0.1:${port}/fast`);
    expect([first.connection, second.connection]).toEqual(['keep-alive', 'keep-alive']);
    expect(second.isReused).toBe(true);
    await app.close();
  });

  it('app.close() without an HTTP server resolves', async () => {
    await app.close();
    const context = await compile({ providers: [OrderlyShutdown] });
    await expect(context.close()).resolves.toBeUndefined();
  });
});
