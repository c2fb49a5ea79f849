import { Controller, Inject, type MessageEvent, Sse } from '@nestjs/common';
import { EventSource } from 'eventsource';
import { firstValueFrom, type Observable, toArray } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import { ConnectionPoolModule, getPoolToken, PoolStreams } from 'rxpool/nestjs';
import type { ScriptedConnection } from 'rxpool/testing';
import { until } from '../support/until.js';
import { compile, Factory } from './apps.js';
import { listen } from './http.js';

type Scripted = ConnectionPool<ScriptedConnection>;

const poolNamed = (name: string, { make }: Factory) =>
  ConnectionPoolModule.forRoot({ name, poolSize: 1, connectionFactory: make, log: false, options: { heal: false } });

/** The messages of a stream so far. */
function collect(stream: Observable<MessageEvent>): {
  readonly messages: MessageEvent[];
  readonly isComplete: () => boolean;
} {
  const messages: MessageEvent[] = [];
  let isComplete = false;
  stream.subscribe({
    next: (message) => messages.push(message),
    complete: () => {
      isComplete = true;
    },
  });
  return { messages, isComplete: () => isComplete };
}

const summary = ({ type, data }: MessageEvent): string => {
  const { name, pool, status, type: event } = data as Record<string, unknown>;
  return type === 'health' ? `${type} ${name} ${status}` : `${type} ${pool} ${event}`;
};

describe('PoolStreams', () => {
  it('health() and events(): messages of their type, which Nest may write into and JSON keeps whole', async () => {
    const factory = new Factory({ name: '#1', endpoint: 'replica:7556' });
    const app = await compile({ imports: [poolNamed('users', factory)] });
    const streams = app.get(PoolStreams);
    const [health, events] = [collect(streams.health('users')), collect(streams.events('users'))];
    factory.made[0]?.lose(new Error('cable pulled'));
    const [first] = health.messages;
    Object.assign(first as object, { id: '1' });
    expect(health.messages.map(summary)).toEqual(['health users healthy', 'health users down']);
    expect(events.messages).toEqual([
      {
        type: 'event',
        data: {
          pool: 'users',
          type: 'lost',
          at: expect.any(Number),
          name: '#1',
          endpoint: 'replica:7556',
          cause: { name: 'Error', message: 'cable pulled' },
        },
      },
    ]);
    for (const { data } of [...health.messages, ...events.messages]) {
      expect(JSON.parse(JSON.stringify(data))).toEqual(data);
      expect(Object.isFrozen(data)).toBe(false);
    }
  });

  it('health(): figures that only load changes come at a pace', async () => {
    const factory = new Factory();
    const app = await compile({ imports: [poolNamed('default', factory)] });
    const { messages } = collect(app.get(PoolStreams).health(undefined, { every: 2_147_483_647 }));
    for (let round = 0; round < 5; round++) {
      factory.made[0]?.send();
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(messages).toHaveLength(1);
  });

  it('all(): the figures and events of every pool, or of the one that is named', async () => {
    const [users, orders] = [new Factory(), new Factory()];
    const app = await compile({ imports: [poolNamed('users', users), poolNamed('orders', orders)] });
    const streams = app.get(PoolStreams);
    const [all, one] = [collect(streams.all()), collect(streams.all('orders'))];
    users.made[0]?.lose();
    orders.made[0]?.lose();
    expect(all.messages.map(summary).sort()).toEqual([
      'event orders lost',
      'event users lost',
      'health orders down',
      'health orders healthy',
      'health users down',
      'health users healthy',
    ]);
    expect(one.messages.map(summary)).toEqual(['health orders healthy', 'health orders down', 'event orders lost']);
  });

  it('a name that no pool has: throws an error that tells those that there are', async () => {
    const app = await compile({ imports: [poolNamed('users', new Factory())] });
    expect(() => app.get(PoolStreams).health('user')).toThrow(
      'name must be that of a pool of this application (users), got "user"',
    );
  });

  it('streams complete when the application shuts down, and those that are asked for later at once', async () => {
    const app = await compile({ imports: [poolNamed('default', new Factory())] });
    const streams = app.get(PoolStreams);
    const { isComplete } = collect(streams.all());
    await streams.beforeApplicationShutdown();
    expect(isComplete()).toBe(true);
    expect(await firstValueFrom(streams.all().pipe(toArray()))).toEqual([]);
  });

  it('streams complete when their pool is disposed of', async () => {
    const app = await compile({ imports: [poolNamed('default', new Factory())] });
    const { isComplete, messages } = collect(app.get(PoolStreams).all());
    await app.get<Scripted>(getPoolToken()).dispose();
    expect(isComplete()).toBe(true);
    expect(messages.map(summary)).toContain('health default closed');
  });

  it('an EventSource hears of a loss from a handler with @Sse(), and app.close() ends while it listens', async () => {
    @Controller()
    class Streams {
      constructor(@Inject(PoolStreams) private readonly streams: PoolStreams) {}

      @Sse('pools')
      pools(): Observable<MessageEvent> {
        return this.streams.all();
      }
    }
    const factory = new Factory();
    const { app, port } = await listen({ imports: [poolNamed('users', factory)], controllers: [Streams] });
    const source = new EventSource(`http://127.0.0.1:${port}/pools`);
    const heard: string[] = [];
    source.addEventListener('health', ({ data }) => heard.push(JSON.parse(data).status));
    source.addEventListener('event', ({ data }) => heard.push(JSON.parse(data).type));
    let isEnded = false;
    source.onerror = () => {
      isEnded = true;
      source.close();
    };
    await until(() => heard.length === 1);
    factory.made[0]?.lose();
    await until(() => heard.length === 3);
    expect(heard).toEqual(['healthy', 'down', 'lost']);
    await app.close();
    await until(() => isEnded);
  });
});
