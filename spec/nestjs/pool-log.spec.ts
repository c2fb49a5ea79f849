import { ConnectionPoolModule } from 'rxpool/nestjs';
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
});
