import type * as fc from 'fast-check';
import { expectAgreement } from './agreement.js';
import type { LendingModel } from './lending-model.js';
import type { ModelConnection } from './pool-model.js';
import type { RealPool } from './real-pool.js';

export type Command = fc.AsyncCommand<LendingModel, RealPool>;

/** How many commands were given in all. */
export const count = { given: 0 };

/** A command by what it says, when it may be given, and what it does to both. */
export function command(
  text: string,
  run: (model: LendingModel, real: RealPool) => void | Promise<void>,
  may: (model: LendingModel) => boolean = () => true,
): Command {
  return {
    check: may,
    run: async (model, real) => {
      count.given++;
      await run(model, real);
      await expectAgreement(model, real);
    },
    toString: () => text,
  };
}

export const isOpen = ({ lifecycle }: LendingModel): boolean => lifecycle === 'open';
export const isNotClosed = ({ lifecycle }: LendingModel): boolean => lifecycle !== 'closed';
export const has = (list: 'members' | 'made' | 'connected' | 'callers') => (model: LendingModel) =>
  model[list].length > 0;

/** One of several, by a number that may be larger than they are many. */
export const one = <T>(list: readonly T[], place: number): T => list[place % list.length]!;

/** Several of those that were ever made. */
export const some = ({ made }: LendingModel, places: readonly number[]): ModelConnection[] => [
  ...new Set(places.map((place) => one(made, place))),
];
