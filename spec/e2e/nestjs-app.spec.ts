import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';
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

/** What the stream of the demo says of a connection. */
interface Reported {
  readonly name: string;
  readonly reconnects: number;
  readonly cause?: string;
  readonly phases: readonly { readonly phase: string }[];
}

interface Report {
  readonly connections: readonly Reported[];
}

const phaseOf = (phases: Reported['phases']): string | undefined => phases.at(-1)?.phase;

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

  it('the stream of the demo tells each connection, its loss and its return, the calls, and what is switched', async () => {
    const app = await Application.start(major, { args: ['--demo'] });
    const latest: Record<string, unknown> = {};
    const source = new EventSource(app.url('/demo/stream'));
    for (const type of ['health', 'connections', 'calls', 'switches']) {
      source.addEventListener(type, ({ data }) => {
        latest[type] = JSON.parse(data);
      });
    }
    const connections = (): readonly Reported[] => (latest['connections'] as Report | undefined)?.connections ?? [];
    await until(
      () => connections().length === 4 && connections().every(({ phases }) => phaseOf(phases) === 'connected'),
    );
    await until(() => latest['health'] !== undefined);
    expect(latest['switches']).toEqual({ users: true, sockets: true, rate: 0 });

    const body = JSON.stringify({ rate: 100 });
    const headers = { 'Content-Type': 'application/json' };
    expect((await fetch(app.url('/demo/rate'), { method: 'PUT', headers, body })).status).toBe(204);
    expect((await fetch(app.url('/demo/rate'), { method: 'PUT', headers, body: '{"rate":-1}' })).status).toBe(400);
    await until(() => (latest['calls'] as readonly [number, boolean][] | undefined)?.[0]?.[1] === true);

    const [first] = connections();
    await app.post(`/demo/cut?name=${first?.name}`);
    await until(() => connections().some(({ name, reconnects }) => name === first?.name && reconnects === 1));
    expect(connections().map(({ reconnects }) => reconnects)).toEqual([1, 0, 0, 0]);
    expect(connections()[0]?.phases.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['broken', 'connecting', 'connected']),
    );

    await app.post('/demo/stop');
    await until(() =>
      connections().every(({ cause, phases }) => cause !== undefined && phaseOf(phases) !== 'connected'),
    );
    expect(latest['switches']).toEqual({ users: false, sockets: true, rate: 100 });
    app.terminate();
    expect(await app.ended()).toBe(0);
    source.close();
  });

  it('the WebSocket server of the demo answers by id, is cut, stopped and started, and refuses other origins', async () => {
    const app = await Application.start(major, { args: ['--demo'] });
    const open = (options?: object) => new WebSocket(app.url('/sockets?id=a').replace('http', 'ws'), options);
    const socket = open();
    await once(socket, 'open');
    socket.send('{"id":7,"method":"work"}');
    const [reply] = await once(socket, 'message');
    expect(JSON.parse(String(reply))).toEqual({ id: 7, result: 'done' });

    await app.post('/demo/sockets/cut?id=b');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    const cut = once(socket, 'close');
    await app.post('/demo/sockets/cut?id=a');
    expect((await cut)[0]).toBe(1006);

    await app.post('/demo/sockets/stop');
    expect(`${(await once(open(), 'error'))[0]}`).toContain('503');
    await app.post('/demo/sockets/start');
    expect(`${(await once(open({ origin: 'http://elsewhere.example' }), 'error'))[0]}`).toContain('403');
    const unclear = open({ origin: app.url('') });
    await once(unclear, 'open');
    unclear.send('{');
    expect((await once(unclear, 'close'))[0]).toBe(1007);

    await once(open(), 'open');
    app.terminate();
    expect(await app.ended()).toBe(0);
  });

  it('serves the page in the folder that PAGE names, beside its own routes', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rxpool-page-'));
    writeFileSync(path.join(folder, 'index.html'), '<title>A page</title>');
    const app = await Application.start(major, { env: { PAGE: folder } });
    expect(await (await app.get('/')).text()).toBe('<title>A page</title>');
    expect((await app.get('/health')).status).toBe(200);
    app.terminate();
    expect(await app.ended()).toBe(0);
    rmSync(folder, { recursive: true });
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
