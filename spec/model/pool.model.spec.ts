import * as fc from 'fast-check';
import type { DialScript } from 'rxpool/testing';
import { cellOf } from '../../src/connection/cells.js';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { names, type Rig, rig, thrownBy } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';
import { CONNECT_TIMEOUT, DRAIN_TIMEOUT, type ModelConnection, PoolModel } from './pool-model.js';

interface Loan {
  readonly connection: TestConnection;
  readonly on: ModelConnection;
  readonly tenure: number;
  finish(): void;
}

/** How many commands were given in all. */
let given = 0;

/** The pool under test, with everything that was borrowed of it, and every stream subscribed to. */
class Real {
  readonly rig: Rig;
  readonly loans: Loan[] = [];
  readonly seen = { connections: '', connected: '', broken: '', pending: 0, status: '' };
  readonly rejections: unknown[] = [];

  constructor(poolSize: number, script: DialScript, maxPending: number) {
    const make = (onDial: DialScript = 'accept', name = ''): TestConnection =>
      Number(name.slice(1)) % 2 === 0 ? new OwnConnection({ onDial, name }) : new SubjectConnection({ onDial, name });
    const options = { connectTimeout: CONNECT_TIMEOUT, drainTimeout: DRAIN_TIMEOUT, maxPending };
    this.rig = rig(make, poolSize, { ...options, maxDials: Number.POSITIVE_INFINITY });
    this.rig.script = script;
    const { pool } = this.rig;
    for (const name of ['connections', 'connected', 'broken'] as const) {
      pool[`${name}$`].subscribe((list) => {
        this.seen[name] = names(list);
      });
    }
    pool.pending$.subscribe((pending) => {
      this.seen.pending = pending;
    });
    pool.health$.subscribe(({ status }) => {
      this.seen.status = status;
    });
  }

  /** The connection of that name. */
  of({ name }: ModelConnection): TestConnection {
    return this.rig.made[Number(name.slice(1)) - 1]!;
  }

  start(work: Promise<unknown>): void {
    work.catch((reason: unknown) => this.rejections.push(reason));
  }
}

type Command = fc.AsyncCommand<PoolModel, Real>;

const namesOf = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(' ');

/** What can be seen of a pool, as the model has it. */
function expected(model: PoolModel): object {
  const { poolSize, pending, status, members } = model;
  const lists = { connections: namesOf(members), connected: namesOf(model.connected), broken: namesOf(model.broken) };
  const counts = {
    idle: model.count('idle'),
    connecting: model.count('connecting'),
    connected: model.connected.length,
    draining: 0,
    ejected: 0,
    broken: model.broken.length,
  };
  return {
    ...lists,
    poolSize,
    seen: { ...lists, pending, status },
    health: { status, poolSize, total: members.length, ...counts, pending, waiting: 0 },
    is: [members.length === 0, members.length >= poolSize, model.connected.length > 0],
    now: model.now,
    rejections: [],
  };
}

function actual({ rig: { pool, clock }, seen, rejections }: Real): object {
  return {
    connections: namesOf(pool.connections),
    connected: namesOf(pool.connectedConnections),
    broken: namesOf(pool.brokenConnections),
    poolSize: pool.poolSize,
    seen,
    health: pool.health,
    is: [pool.isEmpty(), pool.isFull(), pool.isWorking()],
    now: clock.now,
    rejections,
  };
}

/** After each command, everything that can be seen is what the model says. */
async function expectAgreement(model: PoolModel, real: Real): Promise<void> {
  await settle();
  const [seen, said] = [actual(real), expected(model)];
  // As text, because 100,000 comparisons by `expect` take a minute.
  if (JSON.stringify(seen) !== JSON.stringify(said)) expect(seen).toEqual(said);
}

/** A command by what it says, when it may be given, and what it does to both. */
function command(
  text: string,
  run: (model: PoolModel, real: Real) => void | Promise<void>,
  may: (model: PoolModel) => boolean = () => true,
): Command {
  return {
    check: may,
    run: async (model, real) => {
      given++;
      await run(model, real);
      await expectAgreement(model, real);
    },
    toString: () => text,
  };
}

const isOpen = ({ lifecycle }: PoolModel): boolean => lifecycle === 'open';
const isNotClosed = ({ lifecycle }: PoolModel): boolean => lifecycle !== 'closed';
const has = (list: keyof Pick<PoolModel, 'members' | 'made' | 'connected'>) => (model: PoolModel) =>
  model[list].length > 0;
const one = (list: readonly ModelConnection[], place: number): ModelConnection => list[place % list.length]!;

const setup = (): Command =>
  command('setup', (model, real) => {
    real.start(real.rig.pool.setup());
    model.setup();
  });

const close = (): Command =>
  command('close', (model, real) => {
    real.start(real.rig.pool.close());
    model.close();
  });

const extendBySize = (size: number): Command =>
  command(
    `extendPoolBySize(${size})`,
    (model, real) => {
      real.start(real.rig.pool.extendPoolBySize(size));
      model.extendBySize(size);
    },
    isNotClosed,
  );

const extendByConnections = (places: readonly number[]): Command =>
  command(
    `extendPoolByConnections(${places})`,
    (model, real) => {
      const given = places.map((place) => one(model.made, place));
      real.start(real.rig.pool.extendPoolByConnections(given.map((connection) => real.of(connection))));
      model.extendByConnections(given);
    },
    (model) => isNotClosed(model) && model.made.length > 0,
  );

const extendAfterClose = (): Command =>
  command(
    'extend a closed pool',
    async (_, { rig: { pool } }) => {
      await expect(pool.extendPoolBySize(1)).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
      await expect(pool.extendPoolByConnections([])).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
      await expect(pool.reconnect()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    },
    ({ lifecycle }) => lifecycle === 'closed',
  );

const reduce = (amount: number, busyToo: boolean): Command =>
  command(`reducePoolConnections(${amount}, ${busyToo})`, (model, real) => {
    expect(real.rig.pool.reducePoolConnections(amount, busyToo)).toBe(model.reduce(amount, busyToo));
  });

const cleanup = (): Command =>
  command('cleanupBrokenConnections', (model, real) => {
    const { broken } = model;
    expect(real.rig.pool.cleanupBrokenConnections()).toBe(broken.length);
    for (const connection of broken) model.leave(connection);
  });

const remove = (places: readonly number[]): Command =>
  command(
    `removeConnections(${places})`,
    (model, real) => {
      const given = [...new Set(places.map((place) => one(model.made, place)))];
      const leaving = given.filter((connection) => model.members.includes(connection));
      expect(real.rig.pool.removeConnections(given.map((each) => real.of(each)))).toBe(leaving.length);
      for (const connection of leaving) model.leave(connection);
    },
    has('made'),
  );

const reconnect = (): Command =>
  command(
    'reconnect()',
    (model, real) => {
      real.start(real.rig.pool.reconnect());
      for (const connection of model.broken) model.dial(connection);
    },
    isOpen,
  );

/** Where nothing has to be waited for: what waiting does to it is for the interleavings. */
const reconnectAll = (): Command =>
  command(
    'reconnect(false)',
    async (model, real) => {
      model.redialAll();
      expect(await real.rig.pool.reconnect(false)).toBe(model.connected.length);
    },
    (model) =>
      isOpen(model) &&
      model.pending === 0 &&
      model.members.every(({ script, standing }) => script !== 'wait' && standing !== 'connecting'),
  );

const pick = (): Command =>
  command('getLeastLoadedConnection', (model, { rig: { pool } }) => {
    if (model.refusal) {
      expect(thrownBy(() => pool.getLeastLoadedConnection())).toMatchObject({ code: model.refusal });
    } else {
      const { name } = pool.getLeastLoadedConnection();
      expect(model.connected.find((connection) => connection.name === name)?.load).toBe(model.leastLoad);
    }
  });

const borrow = (): Command =>
  command(
    'borrow',
    (model, real) => {
      const least = model.leastLoad;
      real.start(
        real.rig.pool.use((connection) => {
          const on = model.connected.find(({ name }) => name === connection.name)!;
          expect(on.load).toBe(least);
          on.borrowed++;
          return new Promise<void>((finish) => real.loans.push({ connection, on, tenure: on.tenure, finish }));
        }),
      );
    },
    (model) => model.refusal === undefined,
  );

const giveBack = (place: number): Command =>
  command(`give back ${place}`, (model, real) => {
    const [loan] = real.loans.splice(place % Math.max(1, real.loans.length), 1);
    if (!loan) return;
    loan.finish();
    model.giveBack(loan.on, loan.tenure);
  });

const send = (place: number): Command =>
  command(
    `send on ${place}`,
    (model, real) => {
      const connection = one(model.connected, place);
      real.of(connection).send();
      connection.pending++;
    },
    has('connected'),
  );

const reply = (place: number): Command =>
  command(
    `reply on ${place}`,
    (model, real) => {
      const connection = one(model.made, place);
      if (connection.pending === 0) return;
      real.of(connection).reply();
      model.reply(connection);
    },
    has('made'),
  );

const lose = (place: number): Command =>
  command(
    `lose ${place}`,
    (model, real) => {
      const connection = one(model.made, place);
      real.of(connection).lose();
      model.lose(connection);
    },
    has('made'),
  );

const closeByOwner = (place: number): Command =>
  command(
    `close ${place} by its owner`,
    (model, real) => {
      const connection = one(model.members, place);
      real.start(real.of(connection).close());
      model.closeByOwner(connection);
    },
    has('members'),
  );

const dialByOwner = (place: number): Command =>
  command(
    `dial ${place} by its owner`,
    (model, real) => {
      const connection = one(model.members, place);
      if (connection.state !== 'broken' && connection.state !== 'idle') return;
      void real
        .of(connection)
        .connect()
        .catch(() => {});
      model.dial(connection);
    },
    has('members'),
  );

const script = (place: number, onDial: DialScript): Command =>
  command(
    `let ${place} ${onDial}`,
    (model, real) => {
      const connection = one(model.made, place);
      real.of(connection).onDial = connection.script = onDial;
    },
    has('made'),
  );

const scriptNext = (onDial: DialScript): Command =>
  command(`let new ones ${onDial}`, (model, real) => {
    real.rig.script = model.script = onDial;
  });

const verdict = (place: number, accepted: boolean): Command =>
  command(
    `${accepted ? 'accept' : 'refuse'} ${place}`,
    (model, real) => {
      const connection = one(model.made, place);
      if (accepted) real.of(connection).accept();
      else real.of(connection).refuse();
      model.settleDial(connection, accepted);
    },
    has('made'),
  );

const advance = (milliseconds: number): Command =>
  command(`${milliseconds} ms`, async (model, real) => {
    await real.rig.clock.advance(milliseconds);
    model.advance(milliseconds);
  });

const place = fc.nat(11);
const scripts = fc.constantFrom<DialScript>('accept', 'accept', 'refuse', 'wait');
const COMMANDS = [
  fc.constant(setup()),
  fc.constant(setup()),
  fc.constant(close()),
  fc.integer({ min: 0, max: 3 }).map(extendBySize),
  fc.array(place, { maxLength: 3 }).map(extendByConnections),
  fc.constant(extendAfterClose()),
  fc.tuple(fc.integer({ min: -1, max: 3 }), fc.boolean()).map(([amount, busyToo]) => reduce(amount, busyToo)),
  fc.constant(cleanup()),
  fc.array(place, { maxLength: 3 }).map(remove),
  fc.constant(reconnect()),
  fc.constant(reconnectAll()),
  fc.constant(pick()),
  fc.constant(borrow()),
  fc.constant(borrow()),
  fc.nat(9).map(giveBack),
  place.map(send),
  place.map(send),
  place.map(reply),
  place.map(lose),
  place.map(closeByOwner),
  place.map(dialByOwner),
  fc.tuple(place, scripts).map(([who, onDial]) => script(who, onDial)),
  scripts.map(scriptNext),
  fc.tuple(place, fc.boolean()).map(([who, accepted]) => verdict(who, accepted)),
  fc.constantFrom(1, 500, DRAIN_TIMEOUT, 3_000, CONNECT_TIMEOUT).map(advance),
];

/** Nothing is left of a pool that was closed. */
async function expectNothingLeft(model: PoolModel, real: Real): Promise<void> {
  const { pool, clock, made } = real.rig;
  for (const { finish } of real.loans) finish();
  await Promise.all([pool.close(), clock.advance(2 * CONNECT_TIMEOUT)]);
  await pool.dispose();
  expect(pool.health).toMatchObject({ status: 'closed', total: 0, pending: 0 });
  expect(clock.timers).toBe(0);
  for (const connection of made) {
    expect([connection.name, connection.state, connection.pending]).toEqual([connection.name, 'closed', 0]);
    const { watchers, owner, ledger, borrowed, position } = cellOf(connection);
    expect([watchers, owner, ledger, borrowed, position]).toEqual([undefined, undefined, undefined, 0, -1]);
    if (connection instanceof SubjectConnection) expect(connection.observed).toBe(false);
    else expect((connection as OwnConnection).shuts).toBe((connection as OwnConnection).opened);
  }
  expect(real.rejections).toEqual([]);
  expect(made).toHaveLength(model.made.length);
}

describe('A pool', () => {
  it('does what a naive model of it does, through 100,000 commands in 3,000 runs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 }),
        scripts,
        fc.constantFrom(Number.POSITIVE_INFINITY, 2),
        fc.commands(COMMANDS, { maxCommands: 100, size: 'max' }),
        async (poolSize, first, maxPending, commands) => {
          const model = new PoolModel(poolSize, first, maxPending);
          const real = new Real(poolSize, first, maxPending);
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await expectNothingLeft(model, real);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(given).toBeGreaterThan(90_000);
  }, 180_000);
});
