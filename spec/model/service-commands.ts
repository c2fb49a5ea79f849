import * as fc from 'fast-check';
import { thrownBy } from '../support/pools.js';
import { expectSame } from './agreement.js';
import { type Command, command, has, one, some } from './command.js';
import type { Lending } from './lending-model.js';
import { codeOf } from './real-pool.js';

const eject = (places: readonly number[], duration: number): Command =>
  command(
    `eject ${places} for ${duration} ms`,
    (model, real) => {
      const given = some(model, places);
      const ejected = real.rig.pool.ejectConnections(
        given.map((each) => real.of(each)),
        { duration },
      );
      expectSame(ejected, given.filter((each) => model.eject(each, duration)).length);
    },
    has('made'),
  );

const invalidate = (places: readonly number[]): Command =>
  command(
    `invalidate ${places}`,
    (model, real) => {
      const given = some(model, places);
      const invalidated = real.rig.pool.invalidateConnections(given.map((each) => real.of(each)));
      // A member that is dialled because another one was invalidated is not up within the call.
      const up = given.filter((each) => model.isUp(each));
      expectSame(invalidated, up.filter((each) => model.invalidate(each)).length);
    },
    has('made'),
  );

const capacity = (place: number, requests: number): Command =>
  command(
    `${place} can carry ${requests}`,
    (model, real) => {
      const connection = one(model.made, place);
      const capacity$ = real.capacities.get(connection.name);
      if (!capacity$) return;
      capacity$.next(requests);
      connection.capacity = requests;
    },
    has('made'),
  );

const reconfigure = (changes: Partial<Lending>): Command =>
  command(`reconfigure ${Object.entries(changes).join(' ')}`, (model, real) => {
    const { pool } = real.rig;
    if (!model.reconfigure(changes)) {
      expectSame(codeOf(thrownBy(() => pool.reconfigure(changes))), 'ERR_OUT_OF_RANGE');
      return;
    }
    const { maxWaiting = model.maxWaiting, failFast = model.failFast } = changes;
    Object.assign(model, { maxWaiting, failFast });
    pool.reconfigure(changes);
  });

const place = fc.nat(11);
const places = fc.array(place, { minLength: 1, maxLength: 2 });
const INFINITE = Number.POSITIVE_INFINITY;

export const lendings: fc.Arbitrary<Lending> = fc.record({
  poolSize: fc.integer({ min: 1, max: 4 }),
  minSize: fc.constantFrom(0, 0, 0, 1),
  // Never short of room: spec/pool/open-connections.spec.ts has pools at their bound.
  maxSize: fc.constantFrom(INFINITE, INFINITE, 60, 80),
  maxPending: fc.constantFrom(1, 1, 2, INFINITE),
  maxWaiting: fc.constantFrom(1_024, 0, 1, 3),
  failFast: fc.boolean(),
});

const changes: fc.Arbitrary<Partial<Lending>> = fc.record(
  {
    poolSize: fc.integer({ min: 0, max: 5 }),
    minSize: fc.integer({ min: 0, max: 2 }),
    maxSize: fc.constantFrom(60, 80, INFINITE, INFINITE),
    maxPending: fc.constantFrom(1, 2, INFINITE),
    maxWaiting: fc.constantFrom(0, 2, 1_024, 1_024),
    failFast: fc.boolean(),
  },
  { requiredKeys: [] },
);

const ejects = fc.tuple(places, fc.constantFrom(500, 1_000, 4_000)).map(([who, duration]) => eject(who, duration));

/** Commands that eject, invalidate and change limits. */
export const SERVICE_COMMANDS = [
  ejects,
  ejects,
  places.map(invalidate),
  fc.tuple(place, fc.constantFrom(0, 1, 3, INFINITE)).map(([who, requests]) => capacity(who, requests)),
  fc.tuple(place, fc.constantFrom(1, 2, INFINITE)).map(([who, requests]) => capacity(who, requests)),
  changes.map(reconfigure),
];
