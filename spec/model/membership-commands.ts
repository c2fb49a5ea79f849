import * as fc from 'fast-check';
import type { DialScript } from 'rxpool/testing';
import { thrownBy } from '../support/pools.js';
import { expectSame } from './agreement.js';
import { type Command, command, has, isNotClosed, isOpen, one, some } from './command.js';
import { CONNECT_TIMEOUT, DRAIN_TIMEOUT } from './pool-model.js';
import { codeOf } from './real-pool.js';

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
    async (model, real) => {
      const given = some(model, places);
      const extended = real.rig.pool.extendPoolByConnections(given.map((connection) => real.of(connection)));
      if (model.extendByConnections(given)) real.start(extended);
      else await expect(extended).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
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
    expectSame(real.rig.pool.reducePoolConnections(amount, busyToo), model.reduce(amount, busyToo));
  });

const cleanup = (): Command =>
  command('cleanupBrokenConnections', (model, real) => {
    const { broken } = model;
    expectSame(real.rig.pool.cleanupBrokenConnections(), broken.length);
    for (const connection of broken) model.leave(connection);
  });

const remove = (places: readonly number[]): Command =>
  command(
    `removeConnections(${places})`,
    (model, real) => {
      const given = some(model, places);
      const leaving = given.filter((connection) => model.members.includes(connection));
      expectSame(real.rig.pool.removeConnections(given.map((each) => real.of(each))), leaving.length);
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

/** Only where nothing has to be waited for; interleavings.spec.ts covers the rest. */
const reconnectAll = (): Command =>
  command(
    'reconnect(false)',
    async (model, real) => {
      model.redialAll();
      expectSame(await real.rig.pool.reconnect(false), model.connected.length);
    },
    (model) =>
      isOpen(model) &&
      model.pending === 0 &&
      model.queue.length === 0 &&
      // Dials wait for room while connections that leave are open.
      model.queued.size === 0 &&
      (model.leaving.size === 0 || model.maxSize === Number.POSITIVE_INFINITY) &&
      model.members.every(({ script, standing }) => script !== 'wait' && standing !== 'connecting'),
  );

const pick = (): Command =>
  command('getLeastLoadedConnection', (model, { rig: { pool } }) => {
    const { unavailable: code } = model;
    if (code) {
      expectSame(codeOf(thrownBy(() => pool.getLeastLoadedConnection())), code);
    } else {
      const { name } = pool.getLeastLoadedConnection();
      expectSame(model.candidates.find((connection) => connection.name === name)?.load, model.leastLoad);
    }
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
      model.startDial(connection);
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
    model.advance(milliseconds, real.choice);
  });

const place = fc.nat(11);
export const scripts = fc.constantFrom<DialScript>('accept', 'accept', 'refuse', 'wait');

/** Commands that change members and their states. */
export const MEMBERSHIP_COMMANDS = [
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
  place.map(send),
  place.map(send),
  place.map(reply),
  place.map(reply),
  place.map(lose),
  place.map(closeByOwner),
  place.map(dialByOwner),
  fc.tuple(place, scripts).map(([who, onDial]) => script(who, onDial)),
  scripts.map(scriptNext),
  fc.tuple(place, fc.boolean()).map(([who, accepted]) => verdict(who, accepted)),
  fc.constantFrom(1, 500, DRAIN_TIMEOUT, 3_000, CONNECT_TIMEOUT).map(advance),
];
