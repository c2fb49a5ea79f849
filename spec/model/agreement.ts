import type { Health } from 'rxpool';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { settle } from '../support/virtual-clock.js';
import type { LendingModel, ModelCaller } from './lending-model.js';
import { CONNECT_TIMEOUT } from './pool-model.js';
import { asksForSignal, type RealPool } from './real-pool.js';

const namesOf = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(' ');

const idsOf = (ids: Iterable<number>): string => [...ids].sort((a, b) => a - b).join(' ');

/** The outcome without connection and caller: `use on #3: 7` and `use on #4: 8` are equal. */
const outcomeOf = (answer: string): string => answer.slice(0, answer.search(/ #|:/));

/** Sorts by outcome: the order in which callers are served is specified, that of refusals at one moment is not. */
const byOutcome = (answers: readonly string[]): string[] =>
  answers
    .map((answer) => ({ outcome: answer.includes(' ERR_') ? answer : outcomeOf(answer), answer }))
    .sort((a, b) => (a.outcome < b.outcome ? -1 : Number(a.outcome > b.outcome)))
    .map(({ answer }) => answer);

/** What the public API should show, by the model. */
function expected(model: LendingModel): object {
  const { poolSize, pending, status, members, queue, connected, broken } = model;
  const lists = { connections: namesOf(members), connected: namesOf(connected), broken: namesOf(broken) };
  const waiting = queue.length;
  const ejected = model.count('ejected');
  const idle = connected.filter(({ load }) => load === 0).length;
  const counts = {
    fresh: model.count('fresh'),
    connecting: model.count('connecting'),
    connected: connected.length,
    idle,
    used: connected.length - idle,
    draining: 0,
    ejected,
    broken: broken.length,
    abandoned: 0,
  };
  const hasAsked = ({ isLease, id }: ModelCaller): boolean => isLease || asksForSignal(id);
  const { suspended } = model;
  const health: Health = {
    name: undefined,
    status,
    poolSize,
    total: members.length,
    ...counts,
    pending,
    waiting,
    suspended,
  };
  return {
    ...lists,
    poolSize,
    seen: { ...lists, pending, status, waiting, ejected },
    leastLoad: model.unavailable ? undefined : model.leastLoad,
    health,
    is: [members.length === 0, members.length >= poolSize, connected.length > 0],
    now: model.now,
    answers: byOutcome(model.answers),
    holders: idsOf(model.holders.map(({ id }) => id)),
    told: idsOf(model.holders.filter((caller) => caller.told && hasAsked(caller)).map(({ id }) => id)),
    rejections: [],
  };
}

/** The load of the connection in the model, or its name if it should not have been picked. */
const loadOf = (name: string | undefined, { candidates }: LendingModel): unknown =>
  name && (candidates.find((one) => one.name === name)?.load ?? name);

function actual(real: RealPool, model: LendingModel): object {
  const { pool, clock } = real.rig;
  return {
    connections: namesOf(pool.connections),
    connected: namesOf(pool.connectedConnections),
    broken: namesOf(pool.brokenConnections),
    poolSize: pool.poolSize,
    seen: real.seen,
    leastLoad: loadOf(real.leastLoaded?.name, model),
    health: pool.health,
    is: [pool.isEmpty(), pool.isFull(), pool.isWorking()],
    now: clock.now,
    answers: byOutcome(real.answers),
    holders: idsOf(real.loans.keys()),
    told: idsOf(real.told),
    rejections: real.rejections,
  };
}

/** Compares as text, because `expect` takes a hundred times as long. */
export function expectSame(seen: unknown, said: unknown): void {
  if (JSON.stringify(seen) !== JSON.stringify(said)) expect(seen).toEqual(said);
}

/** Compares everything that the public API shows with the model. */
export async function expectAgreement(model: LendingModel, real: RealPool): Promise<void> {
  await settle();
  model.serve(real.choice);
  expectSame(actual(real, model), expected(model));
  model.answers.length = real.answers.length = 0;
}

/** Closes the pool and expects that nothing is left of it. */
export async function expectNothingLeft(model: LendingModel, real: RealPool): Promise<void> {
  const { pool, clock, made } = real.rig;
  for (const { finish } of real.loans.values()) finish();
  await Promise.all([pool.close(), clock.advance(2 * CONNECT_TIMEOUT)]);
  await pool.dispose();
  expect(pool.health).toMatchObject({ status: 'closed', total: 0, pending: 0, waiting: 0 });
  expectSame([clock.timers, real.rejections, made.length], [0, [], model.made.length]);
  expectSame(made.map(remainsOf), Array(made.length).fill(NOTHING));
  for (const capacity$ of real.capacities.values()) expectSame(capacity$.observed, false);
}

export const NOTHING = ['closed', 0, false, false];

/** What a connection carries, whether its streams have subscribers, and whether a transport was left open. */
export function remainsOf(connection: TestConnection): unknown[] {
  const isOpen = connection instanceof OwnConnection && connection.shuts !== connection.opened;
  return [connection.state, connection.pending, connection.observed, isOpen];
}
