import * as fc from 'fast-check';
import type { Observable, Subscription } from 'rxjs';
import type { DialScript } from 'rxpool/testing';
import { cellOf } from '../../src/connection/cells.js';
import { type CloseScript, OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const CONNECT_TIMEOUT = 5_000;
const CLOSE_TIMEOUT = 2_000;
const DRAIN_TIMEOUT = 1_000;
/** Within so many milliseconds `close()` has to resolve, whatever goes on. */
const BOUND = DRAIN_TIMEOUT + CLOSE_TIMEOUT;

/** A connection whose dial cannot be called off: it comes up long after anybody wants it, closed or not. */
class LateConnection extends SubjectConnection {
  readonly #waiting: (() => void)[] = [];
  #dial: Promise<void> | undefined;

  override connect(): Promise<void> {
    if (this.state === 'connected') return Promise.resolve();
    this.state$.next('connecting');
    this.#dial ??= new Promise((resolve) => {
      this.#waiting.push(() => {
        this.#dial = undefined;
        this.state$.next('connected');
        resolve();
      });
    });
    return this.#dial;
  }

  override accept(): void {
    for (const comeUp of this.#waiting.splice(0)) comeUp();
  }

  override refuse(): void {}
}

type Kind = 'own' | 'subject' | 'late';

/** How one connection behaves. */
interface Character {
  readonly kind: Kind;
  readonly onDial: DialScript;
  readonly onClose: CloseScript;
}

type Act =
  | { readonly type: 'setup' | 'close' | 'cleanup' | 'microtasks' | 'settle' | 'reopen' }
  | { readonly type: 'reconnect'; readonly onlyBroken: boolean }
  | { readonly type: 'reduce'; readonly by: number; readonly busyToo: boolean }
  | { readonly type: 'extend' | 'pass'; readonly by: number }
  | {
      readonly type: 'lose' | 'send' | 'reply' | 'accept' | 'refuse' | 'closed' | 'remove' | 'rejoin' | 'borrow';
      readonly who: number;
    };

const who = fc.nat(7);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<Act>({ type: 'setup' }, { type: 'close' }, { type: 'cleanup' }, { type: 'reopen' }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Act>({ type: 'microtasks' }, { type: 'settle' }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('reconnect' as const), onlyBroken: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('reduce' as const),
      by: fc.integer({ min: 1, max: 3 }),
      busyToo: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('extend' as const), by: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('pass' as const), by: fc.constantFrom(1, 100, 999, 1_000, 2_000, 5_000) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'lose',
        'send',
        'send',
        'reply',
        'accept',
        'refuse',
        'closed',
        'remove',
        'rejoin',
        'borrow',
      ) as fc.Arbitrary<'lose'>,
      who,
    }),
  },
);

const character: fc.Arbitrary<Character> = fc.record({
  kind: fc.constantFrom<Kind>('own', 'own', 'subject', 'subject', 'late'),
  onDial: fc.constantFrom<DialScript>('accept', 'accept', 'accept', 'refuse', 'wait'),
  onClose: fc.constantFrom<CloseScript>('settle', 'settle', 'settle', 'wait', 'hang', 'reject', 'throw'),
});

interface Schedule {
  readonly poolSize: number;
  readonly maxDials: number;
  readonly heal: boolean;
  readonly characters: readonly Character[];
  readonly acts: readonly Act[];
  /** What subscribers do inside `next`: at which telling, and what. */
  readonly nested: readonly (readonly [number, Act])[];
}

const schedule: fc.Arbitrary<Schedule> = fc.record({
  poolSize: fc.integer({ min: 1, max: 4 }),
  maxDials: fc.constantFrom(1, 2, 16),
  heal: fc.boolean(),
  characters: fc.array(character, { minLength: 4, maxLength: 4 }),
  acts: fc.array(act, { minLength: 1, maxLength: 25, size: 'max' }),
  nested: fc.array(fc.tuple(fc.nat(120), act), { maxLength: 6 }),
});

/** One schedule being played. */
class Play {
  readonly rig: Rig;
  /** Calls that have not been answered. */
  readonly open = new Set<string>();
  readonly finishes: (() => void)[] = [];
  readonly followed: Subscription[] = [];
  #calls = 0;

  readonly #nested: Map<number, Act>;
  #tellings = 0;

  constructor({ poolSize, maxDials, heal, characters, nested }: Schedule) {
    this.#nested = new Map(nested);
    let made = 0;
    const make = (_: DialScript = 'accept', name = ''): TestConnection => {
      const { kind, onDial, onClose } = characters[made++ % characters.length]!;
      const type = { own: OwnConnection, subject: SubjectConnection, late: LateConnection }[kind];
      const connection = Object.assign(new type({ onDial, name }), { onClose });
      this.followed.push(connection.state$.subscribe(this.told));
      return connection;
    };
    const timeouts = { connectTimeout: CONNECT_TIMEOUT, closeTimeout: CLOSE_TIMEOUT, drainTimeout: DRAIN_TIMEOUT };
    this.rig = rig(make, poolSize, { ...timeouts, maxDials, heal: heal ? undefined : false });
    const { pool } = this.rig;
    for (const stream of [
      pool.connections$,
      pool.connected$,
      pool.broken$,
      pool.health$,
      pool.leastLoaded$,
      pool.events$,
    ]) {
      this.followed.push((stream as Observable<unknown>).subscribe(this.told));
    }
  }

  /** Somebody is told something, and may act on it there and then. */
  readonly told = (): void => {
    const one = this.#nested.get(++this.#tellings);
    // The very first come while the pool is made.
    if (one && this.rig) this.actNow(one);
  };

  call(name: string, promise: Promise<unknown>): void {
    const call = `${++this.#calls}: ${name}`;
    this.open.add(call);
    const answered = (): boolean => this.open.delete(call);
    promise.then(answered, answered);
  }

  one(place: number): TestConnection | undefined {
    const { made } = this.rig;
    return made[place % Math.max(1, made.length)];
  }

  async act(one: Act): Promise<void> {
    const { clock } = this.rig;
    if (one.type === 'microtasks') await undefined;
    else if (one.type === 'settle') await settle();
    else if (one.type === 'pass') await clock.advance(one.by);
    else this.actNow(one);
  }

  actNow(one: Act): void {
    const { pool } = this.rig;
    if (one.type === 'setup') this.call('setup', pool.setup());
    else if (one.type === 'close') this.call('close', pool.close());
    else if (one.type === 'cleanup') pool.cleanupBrokenConnections();
    else if (one.type === 'reconnect') this.call(`reconnect(${one.onlyBroken})`, pool.reconnect(one.onlyBroken));
    else if (one.type === 'reduce') pool.reducePoolConnections(one.by, one.busyToo);
    else if (one.type === 'extend') this.call('extend', pool.extendPoolBySize(one.by));
    else if ('who' in one) this.actOn(one.type, this.one(one.who));
    else if (one.type === 'reopen') {
      this.call('close', pool.close());
      this.call('setup', pool.setup());
    }
  }

  actOn(type: Extract<Act, { who: number }>['type'], connection: TestConnection | undefined): void {
    const { pool } = this.rig;
    if (!connection) return;
    if (type === 'remove') pool.removeConnections([connection]);
    else if (type === 'rejoin') this.call('rejoin', pool.extendPoolByConnections([connection]));
    else if (type === 'borrow') this.borrow();
    else if (type === 'send' && connection.state !== 'connected') return;
    else if (type === 'reply' && connection.pending === 0) return;
    else connection[type]();
  }

  borrow(): void {
    const { pool } = this.rig;
    if (!pool.isWorking()) return;
    const work = pool.use(() => new Promise<void>((finish) => this.finishes.push(finish)));
    work.catch(() => {});
  }

  /** Everything that was opened is shut, and nobody listens any more. */
  expectNothingLeft(): void {
    const { pool, clock, made } = this.rig;
    expect(pool.health).toMatchObject({ status: 'closed', total: 0, pending: 0 });
    expect(clock.timers).toBe(0);
    for (const connection of made) {
      expect(`${connection.name} ${connection.state}`).toBe(`${connection.name} closed`);
      const { watchers, owner, ledger, borrowed, position } = cellOf(connection);
      expect([watchers, owner, ledger, borrowed, position]).toEqual([undefined, undefined, undefined, 0, -1]);
      if (connection instanceof SubjectConnection) expect(connection.observed).toBe(false);
      if (connection instanceof OwnConnection) expect(connection.shuts).toBe(connection.opened);
    }
  }
}

describe('Whatever is called while whatever else is under way', () => {
  const rejections: unknown[] = [];
  const record = (reason: unknown): number => rejections.push(reason);

  beforeAll(() => process.on('unhandledRejection', record));
  afterAll(() => process.off('unhandledRejection', record));

  it('close() resolves within its bound, and nothing outlives it: 10,000 schedules', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (planned) => {
        const play = new Play(planned);
        const { pool, clock, made } = play.rig;
        const ups: string[] = [];
        for (const one of planned.acts) await play.act(one);
        for (const subscription of play.followed) subscription.unsubscribe();
        play.call('the last close', pool.close());
        expect([pool.connections, pool.connectedConnections, pool.brokenConnections]).toEqual([[], [], []]);
        pool.connections$.subscribe((connections) => ups.push(...connections.map(({ name }) => name)));
        await clock.advance(BOUND);
        expect([...play.open]).toEqual([]);
        expect(clock.timers).toBe(0);
        // Dials that could not be called off come up now.
        for (const connection of made) connection.accept();
        await clock.advance(2 * CONNECT_TIMEOUT);
        for (const finish of play.finishes) finish();
        await settle();
        play.expectNothingLeft();
        expect(ups).toEqual([]);
        expect(rejections).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  }, 180_000);
});
