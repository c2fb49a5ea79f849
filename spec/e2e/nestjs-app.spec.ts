import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { EventSource } from 'eventsource';
import { type Answer, ask } from '../nestjs/http.js';
import { until } from '../support/until.js';
import { Application, type Major } from './application.js';

const MAJORS: readonly Major[] = [11, 12];

/** What an EventSource hears: statuses of health, and types of events. */
class Listener {
  readonly heard: string[] = [];
  readonly #source: EventSource;

  constructor(url: string) {
    this.#source = new EventSource(url);
    this.#source.addEventListener('health', ({ data }) => this.#hear(JSON.parse(data).status));
    this.#source.addEventListener('event', ({ data }) => this.heard.push(JSON.parse(data).type));
  }

  get status(): string | undefined {
    return this.heard.filter((word) => /^(healthy|degraded|down)$/.test(word)).at(-1);
  }

  close(): void {
    this.#source.close();
  }

  #hear(status: string): void {
    if (status !== this.status) this.heard.push(status);
  }
}

/** Asks again until it is so. */
async function eventually<T>(read: () => Promise<T>, isSo: (value: T) => boolean): Promise<void> {
  let latest: { readonly value: T } | undefined;
  let isAsking = false;
  await until(() => {
    if (latest && isSo(latest.value)) return true;
    if (!isAsking) {
      isAsking = true;
      void read().then((value) => {
        latest = { value };
        isAsking = false;
      });
    }
    return false;
  });
}

afterEach(() => Application.killAll());

describe.each(MAJORS)('The example application with Nest %i, with the package from its tarball', (major) => {
  const healthOf = async (app: Application): Promise<Record<string, unknown>> => {
    const response = await app.get('/health');
    const body = (await response.json()) as { readonly details: { readonly users: Record<string, unknown> } };
    return { httpStatus: response.status, ...body.details.users };
  };

  const gauge = async (app: Application, name: string): Promise<number> => {
    const text = await (await app.get('/metrics')).text();
    const line = text.split('\n').find((each) => each.startsWith(name)) ?? '';
    return Number(line.split(' ').at(-1));
  };
  const IDLE = 'db_client_connection_count{db_client_connection_pool_name="users",db_client_connection_state="idle"}';

  it('serves requests from its pool, and tells OpenTelemetry and Prometheus of them', async () => {
    const app = await Application.start(major, { args: ['--telemetry'] });
    const body = JSON.stringify({ name: 'Ada' });
    const headers = { 'Content-Type': 'application/json' };
    const saved = await fetch(app.url('/users/1'), { method: 'PUT', headers, body });
    expect(saved.status).toBe(204);
    expect(await (await app.get('/users/1')).json()).toEqual({ name: 'Ada' });
    expect((await app.get('/users/2')).status).toBe(404);
    // A key that is not there is answered with an error.
    expect(await gauge(app, 'db_client_connection_wait_time_seconds_count')).toBe(3);
    expect(await gauge(app, 'db_client_connection_use_time_seconds_count')).toBe(2);
    app.terminate();
    expect(await app.ended()).toBe(0);
    for (const name of ['count', 'idle.max', 'limit', 'pending_requests', 'wait_time', 'use_time']) {
      expect(app.output).toContain(`db.client.connection.${name}`);
    }
  });

  it('/health, the stream and /metrics tell of a server that stops and comes back; the process then ends by itself while a client listens', async () => {
    const app = await Application.start(major, { args: ['--demo'] });
    const listener = new Listener(app.url('/pools'));
    await eventually(
      () => healthOf(app),
      (health) => health['state'] === 'healthy',
    );
    await until(() => listener.status === 'healthy');
    expect(await healthOf(app)).toMatchObject({ httpStatus: 200, status: 'up', connected: 4 });
    expect(await gauge(app, IDLE)).toBe(4);

    await app.post('/demo/stop');
    await until(() => listener.status === 'down');
    expect(listener.heard).toContain('lost');
    expect(await healthOf(app)).toMatchObject({ httpStatus: 503, status: 'down', state: 'down', connected: 0 });
    expect(await gauge(app, IDLE)).toBe(0);
    expect((await app.get('/users/1')).status).toBe(503);

    await app.post('/demo/start');
    await until(() => listener.status === 'healthy');
    expect(listener.heard.slice(listener.heard.lastIndexOf('down'))).toContain('connected');
    expect(await healthOf(app)).toMatchObject({ httpStatus: 200, status: 'up', state: 'healthy', connected: 4 });
    expect(await gauge(app, IDLE)).toBe(4);
    expect(await gauge(app, 'db_client_connection_create_time_seconds_count')).toBeGreaterThan(0);
    expect((await app.get('/users/1')).status).toBe(404);

    app.terminate();
    expect(await app.ended()).toBe(0);
    listener.close();
  });

  it('one connection that is cut is dialled anew', async () => {
    const app = await Application.start(major, { args: ['--demo'] });
    const listener = new Listener(app.url('/pools'));
    await until(() => listener.status === 'healthy');
    await app.post('/demo/cut');
    await until(() => listener.heard.includes('lost') && listener.heard.includes('connected'));
    await until(() => listener.status === 'healthy');
    app.terminate();
    expect(await app.ended()).toBe(0);
    listener.close();
  });

  it('asked to end while 20 clients keep sending over sockets that they keep alive: every handler finishes, no reused socket is reset, and it ends by itself', async () => {
    const app = await Application.start(major, { args: ['--demo'], env: { LATENCY: '40' } });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const answers: Answer[] = [];
    const client = async (): Promise<void> => {
      for (let answer: Answer | undefined; answer?.error === undefined; ) {
        answer = await ask(agent, app.url('/users/1'));
        answers.push(answer);
      }
    };
    const clients = Promise.all(Array.from({ length: 20 }, client));
    await until(() => answers.length > 100);
    app.terminate();
    expect(await app.ended()).toBe(0);
    await clients;
    agent.destroy();
    const failed = answers.filter(({ error }) => error !== undefined);
    expect(failed.filter(({ error, isReused }) => isReused || !/ECONN(REFUSED|RESET)/.test(`${error}`))).toEqual([]);
    expect(answers.filter(({ status, error }) => status !== 404 && !error)).toEqual([]);
    const [, begun, finished] = /Handlers: (\d+) begun, (\d+) finished/.exec(app.output) ?? [];
    expect(finished).toBe(begun);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(Number(finished));
  });

  it('without its server it does not start: it says which pool, endpoint and cause, and ends by itself', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as { readonly port: number };
    await new Promise((resolve) => server.close(resolve));
    const env = { ZCACHED_URL: `zcached://127.0.0.1:${port}`, START_TIMEOUT: '500' };
    const app = Application.launch(major, { env });
    expect(await app.ended()).toBe(1);
    expect(app.output).toContain(`The pool users (127.0.0.1:${port}) did not start.`);
    expect(app.output).toContain('within 500 ms: 0 of 4');
    expect(app.output).toContain('No connection to zcached');
  });
});
