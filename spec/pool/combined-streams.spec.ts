import * as fc from 'fast-check';
import { combineLatest, type Subscription } from 'rxjs';
import type { Snapshot } from 'rxpool';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { rig } from '../support/pools.js';
import { scaled } from '../support/scales.js';

type List = readonly TestConnection[];

const CHANGES = scaled('agreement');
const LISTS = ['connections', 'connected', 'broken'] as const;

/** Numbers in [0, 1) that are the same for the same seed. */
function lottery(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

const isSame = (a: List | undefined, b: List): boolean =>
  a?.length === b.length && a.every((connection, place) => connection === b[place]);

/** A pool that is changed at random, from outside and from inside `next`, and subscribers that combine its streams. */
class Turmoil {
  readonly draw: () => number;
  readonly rig;
  readonly complaints: string[] = [];
  readonly subscribers: Subscription[] = [];
  changes = 0;
  views = 0;
  seen: Snapshot<TestConnection> | undefined;
  #depth = 0;
  #made = 0;

  constructor(seed: number) {
    this.draw = lottery(seed);
    const make = (): TestConnection => {
      const name = `#${++this.#made}`;
      const onDial = this.draw() < 0.3 ? 'refuse' : this.draw() < 0.2 ? 'wait' : 'accept';
      return this.draw() < 0.5 ? new OwnConnection({ onDial, name }) : new SubjectConnection({ onDial, name });
    };
    this.rig = rig(make, 6, { drainTimeout: 0 });
  }

  start(): void {
    const { pool } = this.rig;
    this.combine(['connected', 'broken', 'connections']);
    pool.broken$.subscribe(() => this.nest());
    this.combine(['connections', 'connected', 'broken']);
    pool.connected$.subscribe(() => this.nest());
    pool.connections$.subscribe(() => this.nest());
    pool.snapshot$.subscribe((snapshot) => {
      this.expectOneMoment(snapshot, 'snapshot$');
      this.seen = snapshot;
      this.nest();
    });
    pool.health$.subscribe(({ total, fresh, connecting, connected, draining, ejected, broken }) => {
      if (fresh + connecting + connected + draining + ejected + broken !== total)
        this.complaints.push('health$ adds up wrong');
      this.nest();
    });
    pool.events$.subscribe(() => this.nest());
    this.combine(['broken', 'connected', 'connections']);
  }

  combine(order: readonly (keyof Snapshot<TestConnection>)[]): void {
    const { pool } = this.rig;
    const subscriber = combineLatest(order.map((name) => pool[`${name}$`])).subscribe((lists) => {
      const entries = order.map((name, place) => [name, lists[place]] as const);
      this.expectOneMoment(Object.fromEntries(entries) as unknown as Snapshot<TestConnection>, order.join('+'));
    });
    this.subscribers.push(subscriber);
  }

  /** No connection is in both lists, and none in either that is no member. */
  expectOneMoment({ connections, connected, broken }: Snapshot<TestConnection>, where: string): void {
    this.views++;
    const members = new Set(connections);
    const up = new Set(connected);
    const show = (list: List): string => list.map(({ name }) => name).join(' ');
    const wrong =
      broken.some((connection) => up.has(connection)) ||
      [...connected, ...broken].some((connection) => !members.has(connection)) ||
      members.size !== connections.length ||
      up.size !== connected.length;
    if (wrong) this.complaints.push(`${where}: ${show(connections)} / ${show(connected)} / ${show(broken)}`);
  }

  /** Outside every `next`, the snapshot shown last is the present. */
  expectUpToDate(): void {
    const { seen, snapshot } = this;
    for (const name of LISTS)
      if (!isSame(seen?.[name], snapshot[name])) this.complaints.push(`snapshot$ is behind with ${name}`);
  }

  get snapshot(): Snapshot<TestConnection> {
    const { connections, connectedConnections, brokenConnections } = this.rig.pool;
    return { connections, connected: connectedConnections, broken: brokenConnections };
  }

  /** Some subscribers change the pool in their next(). */
  nest(): void {
    if (this.changes >= CHANGES || this.#depth > 3 || this.draw() > 0.15) return;
    this.#depth++;
    this.change();
    this.#depth--;
  }

  pick(list: List): TestConnection | undefined {
    return list[Math.floor(this.draw() * list.length)];
  }

  change(): void {
    this.changes++;
    const { pool, made } = this.rig;
    const one = this.pick(pool.connections);
    const draw = this.draw();
    const ignore = (): void => {};
    if (draw < 0.25) one?.lose();
    else if (draw < 0.4) one?.connect().catch(ignore);
    else if (draw < 0.5) {
      one?.accept();
      one?.refuse();
    } else if (draw < 0.58) void one?.close();
    else if (draw < 0.66) void pool.reconnect().catch(ignore);
    else if (draw < 0.72 && pool.connections.length < 12)
      void pool.extendPoolBySize(1 + Math.floor(this.draw() * 2)).catch(ignore);
    else if (draw < 0.78) pool.reducePoolConnections(1, this.draw() < 0.5);
    else if (draw < 0.82) pool.cleanupBrokenConnections();
    else if (draw < 0.85 && one) pool.removeConnections([one]);
    else if (draw < 0.88) void pool.reconnect(false).catch(ignore);
    else if (draw < 0.91) one?.send();
    else if (draw < 0.93) void pool.close();
    else if (draw < 0.95) {
      const former = this.pick(made);
      if (former && pool.connections.length < 12) void pool.extendPoolByConnections([former]).catch(ignore);
    } else if (draw < 0.97) {
      this.combine(draw < 0.96 ? ['connected', 'broken', 'connections'] : ['broken', 'connections', 'connected']);
      if (this.subscribers.length > 12) this.subscribers.splice(Math.floor(this.draw() * 12), 1)[0]?.unsubscribe();
    } else void pool.setup().catch(ignore);
  }
}

describe('Subscribers that combine connections$, connected$ and broken$', () => {
  it(`connections$, connected$, broken$ and snapshot$ agree through ${CHANGES.toLocaleString('en')} random changes, nested ones included`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const turmoil = new Turmoil(seed);
        const { pool, clock } = turmoil.rig;
        turmoil.start();
        void pool.setup();
        while (turmoil.changes < CHANGES) {
          for (let i = 0; i < 5; i++) {
            turmoil.change();
            turmoil.expectUpToDate();
          }
          if (turmoil.draw() < 0.2) await clock.advance(turmoil.draw() * 2_000);
          else await undefined;
        }
        expect(turmoil.complaints).toEqual([]);
        expect(turmoil.views).toBeGreaterThan(CHANGES);
        await Promise.all([pool.close(), clock.advance(10_000)]);
        const { connections, connected, broken } = turmoil.snapshot;
        expect([connections, connected, broken]).toEqual([[], [], []]);
        expect(pool.health).toMatchObject({ status: 'closed', total: 0, pending: 0 });
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 600_000);
});
