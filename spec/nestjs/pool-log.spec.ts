import { of } from 'rxjs';
import { CommandFailure, type ConnectionPool } from 'rxpool';
import { ConnectionPoolModule, getPoolToken } from 'rxpool/nestjs';
import type { ScriptedConnection } from 'rxpool/testing';
import { until } from '../support/until.js';
import { compile, Factory } from './apps.js';

/** What the application logs, by level. */
class Lines {
  readonly all: string[] = [];
  readonly log = this.#at('log');
  readonly warn = this.#at('warn');
  readonly debug = this.#at('debug');
  readonly error = this.#at('error');

  #at(level: string) {
    return (message: string, context: string): void => {
      if (context.startsWith('ConnectionPool ')) this.all.push(`${level} ${context}: ${message}`);
    };
  }
}

describe('The log of a ConnectionPoolModule', () => {
  const lines = new Lines();

  beforeEach(() => lines.all.splice(0));

  const start = async (log?: boolean): Promise<Factory> => {
    const factory = new Factory({ name: '#1', endpoint: 'replica:7556' });
    const options = { heal: false } as const;
    await compile(
      {
        imports: [
          ConnectionPoolModule.forRoot({
            name: 'users',
            poolSize: 1,
            connectionFactory: factory.make,
            options,
            ...(log !== undefined && { log }),
          }),
        ],
      },
      lines,
    );
    return factory;
  };

  it('tells changes of status by log and warn, single connections by debug', async () => {
    const factory = await start();
    await until(() => lines.all.length === 2);
    factory.made[0]?.lose(new Error('cable pulled'));
    await until(() => lines.all.length === 4);
    expect([...lines.all].sort()).toEqual([
      'debug ConnectionPool users: connected #1 replica:7556',
      'debug ConnectionPool users: lost #1 replica:7556: cable pulled',
      'log ConnectionPool users: healthy: 1 of 1 connections',
      'warn ConnectionPool users: down: 0 of 1 connections',
    ]);
  });

  it('with log: false tells nothing', async () => {
    const factory = await start(false);
    factory.made[0]?.lose(new Error('cable pulled'));
    expect(lines.all).toEqual([]);
  });

  it('a policy that fails is told by warn', async () => {
    const { make } = new Factory();
    const cause = new Error('no figures');
    const policies = [
      () => {
        throw cause;
      },
    ];
    await compile(
      {
        imports: [ConnectionPoolModule.forRoot({ poolSize: 1, connectionFactory: make, options: { policies } })],
      },
      lines,
    );
    expect(lines.all).toContain('warn ConnectionPool default: policy-failed: no figures');
  });

  it('a failed list of endpoints and lost leases are told by warn, its end and a failed close() by debug', async () => {
    const factory = new Factory({ name: '#1', endpoint: 'replica:7556' });
    const endpoints = of(['replica:7556'], new CommandFailure(new Error('no answer')));
    const app = await compile(
      {
        imports: [
          ConnectionPoolModule.forRoot({
            poolSize: 1,
            connectionFactory: factory.make,
            options: { heal: false, endpoints, lostGrace: 1 },
          }),
        ],
      },
      lines,
    );
    const pool = app.get<ConnectionPool<ScriptedConnection>>(getPoolToken());
    const [connection] = factory.made;
    const isTold = (line: string) => (): boolean => lines.all.includes(line);
    await until(isTold('warn ConnectionPool default: endpoints-failed: no answer'));
    await until(isTold('debug ConnectionPool default: endpoints-ended'));
    void pool.use(() => new Promise(() => {}));
    connection?.lose(new Error('cable pulled'));
    await until(isTold('warn ConnectionPool default: leases-lost #1 replica:7556'));
    Object.assign(connection as object, { close: () => Promise.reject(new Error('stuck')) });
    pool.removeConnections(pool.connections);
    await until(isTold('debug ConnectionPool default: close-failed #1 replica:7556: stuck'));
  });
});
