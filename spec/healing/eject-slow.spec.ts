import * as fc from 'fast-check';
import { BehaviorSubject, Subject } from 'rxjs';
import {
  type Ejection,
  type EjectOutliersOptions,
  ejectOutliers,
  type Outcome,
  type ResilientOptions,
  resilient,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { EndpointRig } from '../support/endpoint-rig.js';
import { seeded } from '../support/seeded.js';
import { VirtualClock } from '../support/virtual-clock.js';

type Timed = ScriptedConnection & { readonly outcomes$: Subject<Outcome> };

/** Connections, named by their endpoint and a number, whose answers the test makes up. */
class Rig {
  readonly clock = new VirtualClock();
  readonly all: Timed[];
  readonly inService$: BehaviorSubject<readonly Timed[]>;
  readonly ejections: (Ejection<Timed> & { readonly at: number })[] = [];

  constructor(endpoints: readonly (string | undefined)[], options: EjectOutliersOptions = { slowerThan: 2 }) {
    this.all = endpoints.map((endpoint, place) =>
      Object.assign(new ScriptedConnection({ name: `${endpoint}${place}`, endpoint }), {
        outcomes$: new Subject<Outcome>(),
      }),
    );
    this.inService$ = new BehaviorSubject<readonly Timed[]>(this.all);
    const { scheduler } = this.clock;
    const eject = (connection: Timed, duration: number): void => {
      this.inService$.next(this.inService$.value.filter((one) => one !== connection));
      scheduler.schedule(() => this.inService$.next([...this.inService$.value, connection]), duration);
    };
    this.inService$.pipe(ejectOutliers(eject, { scheduler, ...options })).subscribe((value) => {
      if ('connection' in value) this.ejections.push({ ...value, at: this.clock.now });
    });
  }

  get ejected(): string {
    return this.ejections.map(({ connection }) => connection.name).join(' ');
  }

  get inService(): string {
    return this.inService$.value.map(({ name }) => name).join(' ');
  }

  /** For so many milliseconds, each connection in service answers every 10 ms, after the time that is said. */
  async work(milliseconds: number, durationOf: (connection: Timed) => number, every = 10): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += every) {
      for (const connection of this.inService$.value) {
        connection.outcomes$.next({ ok: true, durationMs: durationOf(connection) });
      }
      await this.clock.advance(every);
    }
  }
}

const slowAt =
  (endpoint: string, slow: number, usual = 10) =>
  (connection: Timed): number =>
    connection.endpoint === endpoint ? slow : usual;

const ABC = ['a', 'a', 'b', 'b', 'c', 'c'];

describe('ejectOutliers({ slowerThan })', () => {
  it('slowerThan: 2: ejects the connections to an endpoint slower by 3 after half a second, with latency as reason', async () => {
    const rig = new Rig(ABC);
    await rig.work(1_000, slowAt('a', 10));
    await rig.work(499, slowAt('a', 30));
    expect(rig.ejected).toBe('');
    await rig.work(50, slowAt('a', 30));
    expect(rig.ejected).toBe('a0 a1');
    expect(rig.ejections[0]).toMatchObject({ duration: 30_000, ejections: 1, reason: 'latency' });
  });

  it('slowerThan left out: an endpoint slower by 50 is not ejected', async () => {
    const rig = new Rig(ABC, {});
    await rig.work(3_000, slowAt('a', 500));
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: an endpoint slower by less is not ejected', async () => {
    const rig = new Rig(ABC);
    await rig.work(3_000, slowAt('a', 20));
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: an endpoint slow from the start is ejected once the others have been measured', async () => {
    const rig = new Rig(ABC);
    await rig.work(2_000, slowAt('a', 500));
    expect(rig.ejected).toBe('a0 a1');
  });

  it('consecutive failures: the reason is failures', () => {
    const rig = new Rig(ABC);
    for (let i = 0; i < 5; i++) rig.all[0]!.outcomes$.next({ ok: false, durationMs: 1 });
    expect(rig.ejections[0]).toMatchObject({ reason: 'failures' });
  });

  it.each<[what: string, endpoints: readonly (string | undefined)[]]>([
    ['with one endpoint in common', ['a', 'a', 'a']],
    ['without an endpoint', [undefined, undefined, undefined]],
  ])('slowerThan: 2: a slow connection among several %s is not ejected', async (_, endpoints) => {
    const rig = new Rig(endpoints);
    await rig.work(1_000, () => 10);
    await rig.work(3_000, (connection) => (connection === rig.all[0] ? 500 : 10));
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: nine slow answers are too few, over whatever time; the tenth in a row ejects', async () => {
    const rig = new Rig(['a', 'b', 'c']);
    const [a] = rig.all as [Timed];
    await rig.work(1_000, () => 10);
    for (let i = 0; i < 9; i++) {
      a.outcomes$.next({ ok: true, durationMs: 500 });
      await rig.clock.advance(1_000);
      for (const other of rig.all.slice(1)) other.outcomes$.next({ ok: true, durationMs: 10 });
    }
    expect(rig.ejected).toBe('');
    a.outcomes$.next({ ok: true, durationMs: 500 });
    expect(rig.ejected).toBe('a0');
  });

  it('slowerThan: 2: a usual answer among slow ones begins the count anew', async () => {
    const rig = new Rig(ABC);
    let answers = 0;
    await rig.work(1_000, () => 10);
    await rig.work(10_000, (connection) => (connection.endpoint === 'a' && answers++ % 100 > 0 ? 500 : 10));
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: a hundred slow answers that come at once, as after a pause of the server, eject none', async () => {
    const rig = new Rig(ABC);
    const [a] = rig.all as [Timed];
    for (let pause = 0; pause < 5; pause++) {
      await rig.work(1_000, () => 10);
      for (let i = 0; i < 100; i++) a.outcomes$.next({ ok: true, durationMs: 300 });
    }
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: when the work of all endpoints takes 100 times as long from one moment on, none is ejected', async () => {
    const rig = new Rig(ABC);
    await rig.work(1_000, () => 10);
    await rig.work(10_000, () => 1_000);
    await rig.work(1_000, () => 10);
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: while all others are silent, an endpoint is not ejected for slow answers', async () => {
    const rig = new Rig(ABC);
    await rig.work(1_000, () => 10);
    const [a] = rig.all as [Timed];
    for (let i = 0; i < 30; i++) {
      await rig.clock.advance(100);
      a.outcomes$.next({ ok: true, durationMs: 500 });
    }
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: of two endpoints the slow one is ejected, and the other stays however slow it gets', async () => {
    const rig = new Rig(['a', 'b'], { slowerThan: 2, panicThreshold: 1 });
    await rig.work(1_000, () => 10);
    await rig.work(1_000, slowAt('b', 50));
    expect(rig.ejected).toBe('b1');
    await rig.work(5_000, () => 1_000);
    expect(rig.inService).toBe('a0');
  });

  it('slowerThan: 2, maxEjected: of four endpoints, three of which are slow, no more than half are ejected', async () => {
    const rig = new Rig(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const isFast = ({ endpoint = '' }: Timed): boolean => 'aceg'.includes(endpoint);
    await rig.work(1_000, () => 10);
    await rig.work(3_000, (connection) => (isFast(connection) ? 10 : 50));
    expect(rig.inService).toBe('a0 c2 e4 g6');
    await rig.work(3_000, (connection) => (connection.endpoint === 'a' ? 50 : 10));
    expect(rig.inService).toBe('a0 c2 e4 g6');
  });

  it('slowerThan: 2: an ejected endpoint comes back after its duration, and stays if it has recovered', async () => {
    const rig = new Rig(ABC, { slowerThan: 2, baseDuration: 5_000 });
    await rig.work(2_000, slowAt('a', 100));
    expect(rig.inService).toBe('b2 b3 c4 c5');
    await rig.work(5_000, () => 10);
    expect(rig.inService).toBe('b2 b3 c4 c5 a0 a1');
    await rig.work(20_000, () => 10);
    expect(rig.ejections).toHaveLength(2);
  });

  it('slowerThan: 2: an endpoint that is still slow when it comes back is ejected again, for longer', async () => {
    const rig = new Rig(ABC, { slowerThan: 2, baseDuration: 5_000 });
    await rig.work(15_000, slowAt('a', 100));
    expect(rig.ejections.map(({ connection, duration }) => `${connection.name} ${duration}`)).toEqual([
      'a0 5000',
      'a1 5000',
      'a0 10000',
      'a1 10000',
    ]);
    // Half a second of its answers is enough each time.
    expect((rig.ejections[2]?.at ?? 0) - (rig.ejections[0]?.at ?? 0)).toBeLessThan(5_600);
  });

  it('slowerThan: 2: answers without a duration that is possible, and failures, are not measured', async () => {
    const rig = new Rig(ABC);
    const [a] = rig.all as [Timed];
    await rig.work(1_000, () => 10);
    for (let i = 0; i < 100; i++) {
      for (const durationMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, undefined as never])
        a.outcomes$.next({ ok: true, durationMs });
      a.outcomes$.next({ ok: false, durationMs: 500 });
      await rig.work(10, () => 10);
    }
    expect(rig.ejected).toBe('');
  });

  it('slowerThan: 2: mixed work of any shares and lengths, the same for all endpoints, ejects none', async () => {
    const kinds = fc.array(
      fc.record({ share: fc.integer({ min: 1, max: 10 }), length: fc.integer({ min: 1, max: 10_000 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(kinds, fc.integer(), fc.integer({ min: 2, max: 5 }), async (work, seed, servers) => {
        const random = seeded(seed);
        const lengths = work.flatMap(({ share, length }) => Array.from({ length: share }, () => length));
        const draw = (): number => lengths[Math.floor(random() * lengths.length)] as number;
        const rig = new Rig(Array.from({ length: servers }, (_, place) => `${place}`));
        await rig.work(20_000, draw, 100);
        expect(rig.ejected).toBe('');
      }),
      { numRuns: 100 },
    );
  });

  it('slowerThan: a list that changes leaves nothing of endpoints that have left, and no timers', async () => {
    const rig = new Rig(ABC);
    await rig.work(1_000, slowAt('c', 500));
    rig.inService$.next(rig.inService$.value.filter(({ endpoint }) => endpoint !== 'a'));
    await rig.work(2_000, slowAt('b', 10));
    expect(rig.clock.timers).toBeGreaterThan(0);
    rig.inService$.complete();
    expect(rig.all.some(({ outcomes$ }) => outcomes$.observed)).toBe(false);
  });
});

describe('a pool over three servers, one of which is slow', () => {
  /** The 99th percentile of how long 400 callers a second wait, in virtual milliseconds. */
  async function percentile(slower: number, options: ResilientOptions<ScriptedConnection>): Promise<number> {
    const rig = new EndpointRig(6, ['a', 'b', 'c']);
    const { scheduler } = rig.clock;
    rig.pool.reconfigure({ policies: resilient({ scheduler, ...options }) });
    await rig.setup();
    const times: number[] = [];
    const calls: Promise<void>[] = [];
    const serve = ({ endpoint }: ScriptedConnection): Promise<void> =>
      new Promise((done) => void scheduler.schedule(() => done(), endpoint === 'a' ? 10 * slower : 10));
    for (let made = 0; made < 8_000; made++) {
      const started = scheduler.now();
      calls.push(rig.pool.use(serve).then(() => void times.push(scheduler.now() - started)));
      await rig.clock.advance(2.5);
    }
    await rig.clock.advance(10_000);
    await Promise.all(calls);
    await rig.end();
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number;
  }

  it.each([10])('resilient(): slower by %i, the 99th percentile is that of the slow server', async (slower) => {
    expect(await percentile(slower, {})).toBe(10 * slower);
  });

  it.each([3, 50])(
    'resilient({ ejectOutliers: { slowerThan: 2 } }): slower by %i, the 99th percentile is that of all healthy',
    async (slower) => {
      expect(await percentile(slower, { ejectOutliers: { slowerThan: 2 } })).toBe(10);
    },
  );
});
