import type * as fc from 'fast-check';
import { expectAgreement } from './agreement.js';
import type { LendingModel } from './lending-model.js';
import type { ModelConnection } from './pool-model.js';
import type { RealPool } from './real-pool.js';

export interface Command extends fc.AsyncCommand<LendingModel, RealPool> {
  readonly check: (model: LendingModel) => boolean;
  /** What it does, without looking at what came of it. */
  readonly act: (model: LendingModel, real: RealPool) => void | Promise<void>;
}

/** How many commands were given in all. */
export const count = { given: 0 };

/** A command by what it says, when it may be given, and what it does to both. */
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

/** Two commands with nothing in between: whoever waits has not been looked after yet when the second is given. */
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

/** One of several, by a number that may be larger than they are many. */
export const one = <T>(list: readonly T[], place: number): T => list[place % list.length]!;

/** Several of those that were ever made, the members first. */
export const some = ({ members, made }: LendingModel, places: readonly number[]): ModelConnection[] => [
  ...new Set(places.map((place) => one([...members, ...made], place))),
];
