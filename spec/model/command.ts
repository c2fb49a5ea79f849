import type * as fc from 'fast-check';
import { expectAgreement } from './agreement.js';
import type { LendingModel } from './lending-model.js';
import type { ModelConnection } from './pool-model.js';
import type { RealPool } from './real-pool.js';

export interface Command extends fc.AsyncCommand<LendingModel, RealPool> {
  readonly check: (model: LendingModel) => boolean;
  /** Applies it to both, without comparing them. */
  readonly act: (model: LendingModel, real: RealPool) => void | Promise<void>;
}

/** Number of commands run. */
export const count = { given: 0 };

/** A command with its text, its action on model and pool, and its precondition. */
export function command(
  text: string,
  act: Command['act'],
  check: (model: LendingModel) => boolean = () => true,
): Command {
  return {
    check,
    act,
    run: async (model, real) => {
      count.given++;
      await act(model, real);
      await expectAgreement(model, real);
    },
    toString: () => text,
  };
}

/** Two commands in one turn: waiters have not been served yet when the second one runs. */
export const atOnce = (first: Command, second: Command): Command =>
  command(
    `${first} and ${second} at once`,
    (model, real) => {
      void first.act(model, real);
      if (second.check(model)) void second.act(model, real);
    },
    first.check,
  );

export const isOpen = ({ lifecycle }: LendingModel): boolean => lifecycle === 'open';
export const isNotClosed = ({ lifecycle }: LendingModel): boolean => lifecycle !== 'closed';
export const has = (list: 'members' | 'made' | 'connected' | 'callers') => (model: LendingModel) =>
  model[list].length > 0;

/** The element at `place`, modulo the length. */
export const one = <T>(list: readonly T[], place: number): T => list[place % list.length]!;

/** Connections at these places in the list of members followed by all ever made. */
export const some = ({ members, made }: LendingModel, places: readonly number[]): ModelConnection[] => [
  ...new Set(places.map((place) => one([...members, ...made], place))),
];
