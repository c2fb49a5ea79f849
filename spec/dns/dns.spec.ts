import { promises } from 'node:dns';
import { firstValueFrom } from 'rxjs';
import { CommandFailure } from 'rxpool';
import { type AddressResolver, dnsAddresses, dnsServices, type ServiceResolver } from 'rxpool/dns';
import { EndpointRig } from '../support/endpoint-rig.js';
import { thrownBy, watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

const failing = (code: string): Error => Object.assign(new Error(`query ${code}`), { code });

type Answer = readonly string[] | Error | 'never';

/** Answers with what a test says, until it says something else. */
class Addresses implements AddressResolver {
  asked: string[] = [];

  constructor(
    public v4: Answer,
    public v6: Answer = failing('ENODATA'),
  ) {}

  resolve4(host: string): Promise<readonly string[]> {
    return this.#answer(`A ${host}`, this.v4);
  }

  resolve6(host: string): Promise<readonly string[]> {
    return this.#answer(`AAAA ${host}`, this.v6);
  }

  async #answer(question: string, answer: Answer): Promise<readonly string[]> {
    this.asked.push(question);
    if (answer instanceof Error) throw answer;
    return answer === 'never' ? new Promise(() => {}) : answer;
  }
}

/** What an observable has emitted: lists, and the messages of failures. */
function collect(source: ReturnType<typeof dnsAddresses>): { readonly seen: unknown[]; stop(): void } {
  const seen: unknown[] = [];
  const subscription = source.subscribe((value) =>
    seen.push(value instanceof CommandFailure ? (value.cause as Error).message : value),
  );
  return { seen, stop: () => subscription.unsubscribe() };
}

describe('dnsAddresses()', () => {
  it('emits the addresses of both families as endpoints, sorted and each once, and again only where they differ', async () => {
    const clock = new VirtualClock();
    const resolver = new Addresses(['10.0.0.2', '10.0.0.1', '10.0.0.2'], ['fd00::1']);
    const { seen, stop } = collect(dnsAddresses('cache', 7556, { resolver, scheduler: clock.scheduler }));
    await settle();
    const first = ['10.0.0.1:7556', '10.0.0.2:7556', '[fd00::1]:7556'];
    expect(seen).toEqual([first]);
    expect(Object.isFrozen(seen[0])).toBe(true);
    resolver.v4 = ['10.0.0.1', '10.0.0.2'];
    await clock.advance(30_000);
    expect(resolver.asked).toEqual(['A cache', 'AAAA cache', 'A cache', 'AAAA cache']);
    expect(seen).toHaveLength(1);
    resolver.v4 = ['10.0.0.1', '10.0.0.3'];
    await clock.advance(30_000);
    expect(seen[1]).toEqual(['10.0.0.1:7556', '10.0.0.3:7556', '[fd00::1]:7556']);
    stop();
    expect(clock.timers).toBe(0);
  });

  it('asks for one family alone with the option family', async () => {
    for (const [family, question] of [
      [4, 'A cache'],
      [6, 'AAAA cache'],
    ] as const) {
      const resolver = new Addresses(['10.0.0.1'], ['fd00::1']);
      const { stop } = collect(dnsAddresses('cache', 1, { resolver, family, scheduler: new VirtualClock().scheduler }));
      await settle();
      expect(resolver.asked).toEqual([question]);
      stop();
    }
  });

  it.each([
    ['both families have none', failing('ENOTFOUND'), failing('ENOTFOUND'), 'query ENOTFOUND'],
    ['both answers are empty', [], [], 'The name has no addresses'],
    ['one family fails for another reason', failing('ESERVFAIL'), ['fd00::1'], 'query ESERVFAIL'],
    ['there is no answer in time', 'never', ['fd00::1'], 'Timeout has occurred'],
  ] as const)(
    'emits a CommandFailure where %s, asks sooner, and not again what it had emitted',
    async (_, v4, v6, message) => {
      const clock = new VirtualClock();
      const resolver = new Addresses(['10.0.0.1']);
      const { seen, stop } = collect(dnsAddresses('cache', 1, { resolver, scheduler: clock.scheduler }));
      await settle();
      Object.assign(resolver, { v4, v6 });
      await clock.advance(30_000 + 5_000);
      expect(seen.slice(0, 2)).toEqual([['10.0.0.1:1'], message]);
      Object.assign(resolver, { v4: ['10.0.0.1'], v6: failing('ENODATA') });
      const { length } = seen;
      await clock.advance(10_000);
      expect(seen).toHaveLength(length);
      expect(resolver.asked.length).toBeGreaterThan(4);
      stop();
      expect(clock.timers).toBe(0);
    },
  );

  it.each([
    ['1, 2, 4, … seconds', 10_000, 1, [0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000]],
    [
      'half of these where random returns 0',
      10_000,
      0,
      [0, 500, 1_500, 3_500, 7_500, 12_500, 17_500, 22_500, 27_500, 32_500, 37_500],
    ],
    ['the interval where that is shorter', 500, 1, Array.from({ length: 81 }, (_, time) => 500 * time)],
  ])(
    'asks after %s where the name fails from the beginning, and after the interval at most',
    async (_, interval, drawn, expected) => {
      const clock = new VirtualClock();
      const resolver = new Addresses(failing('ENOTFOUND'), failing('ENOTFOUND'));
      const at: number[] = [];
      const random = (): number => drawn;
      const source = dnsAddresses('cache', 1, { resolver, interval, random, scheduler: clock.scheduler });
      const subscription = source.subscribe(() => at.push(clock.now));
      await clock.advance(40_000);
      expect(at).toEqual(expected);
      subscription.unsubscribe();
    },
  );

  it('a resolver that throws at the call is a failure as well', async () => {
    const resolver = {
      resolve4: () => {
        throw failing('EBADNAME');
      },
      resolve6: async () => [],
    };
    const { seen, stop } = collect(dnsAddresses('cache', 1, { resolver, scheduler: new VirtualClock().scheduler }));
    await settle();
    expect(seen).toEqual(['query EBADNAME']);
    stop();
  });

  it("Node's own resolver, whose server refuses, gives a failure with its code", async () => {
    const resolver: AddressResolver & ServiceResolver = new promises.Resolver();
    (resolver as promises.Resolver).setServers(['127.0.0.1:1']);
    for (const source of [dnsAddresses('cache', 1, { resolver }), dnsServices('cache', { resolver })]) {
      const value = await firstValueFrom(source);
      expect(value).toMatchObject({ type: 'command-failed', cause: { code: 'ECONNREFUSED' } });
    }
  });

  it('a pool over it follows the name, through look-ups that fail and hang', async () => {
    const resolver = new Addresses(failing('ENOTFOUND'), failing('ENOTFOUND'));
    const clock = new VirtualClock();
    const endpoints = dnsAddresses('cache', 1, { resolver, interval: 5_000, scheduler: clock.scheduler });
    const rig = new EndpointRig(4, endpoints);
    const setup = watch(rig.pool.setup());
    const pass = async (milliseconds: number): Promise<void> => {
      await clock.advance(milliseconds);
      await rig.clock.advance(milliseconds);
    };
    await pass(3_000);
    expect([setup.status, rig.pool.health.status]).toEqual(['pending', 'starting']);
    resolver.v4 = ['10.0.0.1', '10.0.0.2'];
    await pass(10_000);
    expect([setup.status, rig.connected]).toEqual(['resolved', '10.0.0.1:1:2 10.0.0.2:1:2']);
    resolver.v4 = 'never';
    await pass(20_000);
    resolver.v4 = ['10.0.0.2', '10.0.0.3'];
    await pass(60_000);
    expect(rig.connected).toBe('10.0.0.2:1:2 10.0.0.3:1:2');
    expect(rig.eventsOf('endpoints-failed').length).toBeGreaterThan(2);
    await rig.end();
    expect(clock.timers).toBe(0);
  });

  it.each([
    [() => dnsAddresses('', 1), 'host must be a non-empty string, got ""'],
    [() => dnsAddresses('a', 0), 'port must be an integer from 1 to 65535, got 0'],
    [() => dnsAddresses('a', 1, { family: 5 as never }), 'options.family must be 0, 4 or 6, got 5'],
    [() => dnsAddresses('a', 1, { interval: 0 }), /^options\.interval must be above 0/],
    [() => dnsAddresses('a', 1, { resolver: null as never }), 'options.resolver must be an object, got null'],
    [
      () => dnsAddresses('a', 1, { intervall: 5 } as never),
      /^options\.intervall is no option; did you mean interval\?$/,
    ],
    [() => dnsServices(5 as never), 'name must be a string, got 5'],
    [() => dnsServices('a', { timeout: '5' as never }), /^options\.timeout must be a number/],
  ])('%s is refused with a typed error', (call, message) => {
    expect(thrownBy(call)).toMatchObject({
      message: message instanceof RegExp ? expect.stringMatching(message) : message,
      code: expect.stringMatching(/^ERR_/),
    });
  });
});

describe('dnsServices()', () => {
  it('emits the targets of the lowest priority number, without the final dot', async () => {
    const clock = new VirtualClock();
    let records = [
      { name: 'b.internal.', port: 2, priority: 10 },
      { name: 'a.internal', port: 1, priority: 10 },
      { name: 'spare.internal', port: 3, priority: 20 },
    ];
    const resolver = { resolveSrv: async () => records };
    const { seen, stop } = collect(dnsServices('_cache._tcp', { resolver, scheduler: clock.scheduler }));
    await settle();
    records = records.slice(2);
    await clock.advance(30_000);
    records = [{ name: '.', port: 0, priority: 0 }];
    await clock.advance(30_000);
    expect(seen).toEqual([['a.internal:1', 'b.internal:2'], ['spare.internal:3'], 'The name has no services']);
    stop();
  });
});
