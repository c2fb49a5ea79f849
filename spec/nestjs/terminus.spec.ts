import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import type { Health, HealthStatus } from 'rxpool';
import { provideFakePool } from 'rxpool/nestjs';
import { PoolHealthIndicator, type PoolHealthOptions } from 'rxpool/nestjs/terminus';
import { compile } from './apps.js';

const poolThatIs = (status: HealthStatus, connected: number): { readonly health: Health } => {
  const { health } = provideFakePool().useValue as { readonly health: Health };
  return { health: { ...health, status, connected, poolSize: 4, broken: 4 - connected, waiting: 2 } };
};

/** As terminus 12: it knows `degraded`. */
const terminus12 = {
  check: (key: string) => {
    const say = (status: string) => (data: object) => ({ [key]: { ...data, status } });
    return { up: say('up'), degraded: say('degraded'), down: say('down') };
  },
} as unknown as HealthIndicatorService;

describe('PoolHealthIndicator.check', () => {
  it('says what terminus expects, with the status as `state` and the figures', async () => {
    const app = await compile({ imports: [TerminusModule], providers: [PoolHealthIndicator] });
    expect(app.get(PoolHealthIndicator).check('users', poolThatIs('healthy', 4))).toEqual({
      users: { status: 'up', state: 'healthy', connected: 4, poolSize: 4, broken: 0, pending: 0, waiting: 2 },
    });
  });

  it.each<[status: HealthStatus, connected: number, options: PoolHealthOptions, in11: string, in12: string]>([
    ['healthy', 4, {}, 'up', 'up'],
    ['degraded', 1, {}, 'up', 'degraded'],
    ['degraded', 1, { degraded: 'up' }, 'up', 'up'],
    ['degraded', 1, { degraded: 'down' }, 'down', 'down'],
    ['degraded', 2, { minConnected: 2 }, 'up', 'degraded'],
    ['degraded', 1, { minConnected: 2 }, 'down', 'down'],
    ['down', 0, {}, 'down', 'down'],
    ['empty', 0, {}, 'down', 'down'],
    ['starting', 0, {}, 'down', 'down'],
    ['down', 0, { minConnected: 0 }, 'up', 'degraded'],
    ['empty', 0, { minConnected: 0 }, 'up', 'up'],
    ['closed', 0, { minConnected: 0 }, 'down', 'down'],
  ])(
    'a pool that is %s with %i connections, %j: %s before terminus 12, and %s from then on',
    (status, connected, options, in11, in12) => {
      const pool = poolThatIs(status, connected);
      const results = [new HealthIndicatorService(), terminus12].map((service) =>
        new PoolHealthIndicator(service).check('users', pool, options),
      );
      expect(results).toMatchObject([
        { users: { status: in11, state: status } },
        { users: { status: in12, state: status } },
      ]);
    },
  );

  it.each<[options: object, message: string]>([
    [{ minconnected: 1 }, 'options.minconnected is no option; did you mean minConnected?'],
    [{ minConnected: -1 }, 'options.minConnected must be a non-negative integer, got -1'],
    [{ degraded: 'sideways' }, 'options.degraded must be one of up, degraded, down, got "sideways"'],
  ])('with %j: throws an error that names the option', (options, message) => {
    const indicator = new PoolHealthIndicator(new HealthIndicatorService());
    expect(() => indicator.check('users', poolThatIs('healthy', 4), options)).toThrow(message);
  });
});

it('rxpool/nestjs/terminus with terminus 10, which has no HealthIndicatorService: the import throws what is needed', () => {
  jest.isolateModules(() => {
    jest.doMock('@nestjs/terminus', () => ({}));
    expect(() => require('rxpool/nestjs/terminus')).toThrow(
      'rxpool/nestjs/terminus needs @nestjs/terminus 11 or later',
    );
    jest.dontMock('@nestjs/terminus');
  });
});
