import * as fc from 'fast-check';
import { expectSame } from './agreement.js';
import { atOnce, type Command, command, has, one } from './command.js';
import type { Kind, LendingModel, ModelCaller } from './lending-model.js';
import type { Asking } from './real-pool.js';

/** The default `waitTimeout`, in milliseconds. */
const WAIT_TIMEOUT = 5_000;

const ABORTED = 'aborted by the caller';

const aborts = new WeakMap<ModelCaller, AbortController>();

const ask = (kind: Kind, { waitTimeout, timeout }: Asking): Command =>
  command(`${kind} within ${waitTimeout ?? '-'} and ${timeout ?? '-'} ms`, (model, real) => {
    // A lease has no deadline of its own.
    const limits = kind === 'lease' ? {} : { timeout };
    const limitsOfCaller = {
      waitTimeout: waitTimeout ?? WAIT_TIMEOUT,
      timeout: limits.timeout ?? Number.POSITIVE_INFINITY,
    };
    const caller = model.caller(kind, limitsOfCaller);
    // A call without options takes another path in the pool.
    const isPlain = caller.id % 3 === 0 && waitTimeout === undefined && timeout === undefined;
    const controller = new AbortController();
    if (!isPlain) aborts.set(caller, controller);
    real.ask(caller, isPlain ? undefined : { waitTimeout, ...limits, signal: controller.signal });
    model.ask(caller);
  });

const tryLease = (): Command =>
  command('tryLease', (model, real) => {
    const lease = real.rig.pool.tryLease();
    expectSame(lease !== undefined, model.isLending);
    if (!lease) return;
    const caller = model.caller('lease', { waitTimeout: 0, timeout: 0 });
    const on = model.candidates.find(({ name }) => name === lease.connection.name)!;
    expectSame(on.load, model.leastLoad);
    model.lend(caller, on);
    real.leased(caller.id, lease);
  });

const giveBack = (place: number): Command =>
  command(
    `give back ${place}`,
    (model, real) => {
      const caller = one(model.holders, place);
      real.finish(caller);
      model.finish(caller);
    },
    ({ holders }) => holders.length > 0,
  );

const abort = (place: number): Command =>
  command(
    `abort ${place}`,
    (model) => {
      const caller = one(model.callers, place);
      if (!aborts.has(caller)) return;
      aborts.get(caller)!.abort(ABORTED);
      model.giveUp(caller, ABORTED);
    },
    has('callers'),
  );

const unsubscribe = (place: number): Command =>
  command(
    `unsubscribe ${place}`,
    (model, real) => {
      const caller = one(model.callers, place);
      if (caller.kind !== 'flow') return;
      real.flows.get(caller.id)?.unsubscribe();
      real.loans.delete(caller.id);
      // An unsubscribed caller gets no answer.
      const { answers } = model;
      model.answers = [];
      model.giveUp(caller, 'unsubscribed');
      model.answers = answers;
    },
    has('callers'),
  );

const invalidateLease = (place: number): Command =>
  command(
    `invalidate lease ${place}`,
    (model, real) => {
      const caller = one(model.holders, place);
      const lease = real.loans.get(caller.id)?.lease;
      if (!lease) return;
      lease.invalidate(new Error('bad'));
      // A lease of an earlier session does not affect the connection.
      if (!caller.lost && caller.on?.loans.includes(caller)) model.invalidate(caller.on);
      real.loans.delete(caller.id);
      model.finish(caller);
    },
    ({ holders }) => holders.length > 0,
  );

/** Releases synchronously; `use` is left out, because its work has to settle first. */
const release = (place: number): Command => {
  const releasable = ({ holders }: LendingModel): ModelCaller[] => holders.filter(({ kind }) => kind !== 'use');
  return command(
    `release ${place}`,
    (model, real) => {
      const caller = one(releasable(model), place);
      real.finish(caller);
      model.finish(caller);
    },
    (model) => releasable(model).length > 0,
  );
};

const suspend = (): Command =>
  command('suspend', (model, real) => {
    real.rig.pool.suspend();
    model.suspended = true;
  });

const resume = (): Command =>
  command('resume', (model, real) => {
    real.rig.pool.resume();
    model.suspended = false;
  });

const place = fc.nat(11);
const kinds = fc.constantFrom<Kind>('use', 'lease', 'flow');
const asking = fc.record({
  waitTimeout: fc.constantFrom(undefined, undefined, 500, 1_000, 20_000),
  timeout: fc.constantFrom(undefined, undefined, undefined, 500, 1_500),
});
const asks = fc.tuple(kinds, asking).map(([kind, options]) => ask(kind, options));

const openings = fc.oneof(place.map(release), place.map(release), fc.constant(resume()));
const seconds = fc.oneof(asks, fc.constant(tryLease()), place.map(abort), fc.constant(suspend()));

/** Commands that acquire, release, wait and suspend. */
export const LENDING_COMMANDS = [
  asks,
  asks,
  asks,
  asks,
  fc.constant(tryLease()),
  place.map(giveBack),
  place.map(giveBack),
  place.map(giveBack),
  place.map(abort),
  place.map(unsubscribe),
  place.map(invalidateLease),
  fc.constant(suspend()),
  fc.constant(resume()),
  fc.constant(resume()),
  fc.tuple(openings, seconds).map(([first, second]) => atOnce(first, second)),
];
