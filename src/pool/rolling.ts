import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { Registry } from '../registry/registry.js';

/** A member, and which of its stays in the pool is meant. */
export interface Tenant<C extends Connection> {
  readonly cell: Cell<C>;
  readonly seq: number;
}

export const isPresent = <C extends Connection>(registry: Registry<C>, { cell, seq }: Tenant<C>): boolean =>
  registry.has(cell) && cell.seq === seq;

/** What renewing one member is; resolves with whether it was renewed. */
export type Step<C extends Connection> = (cell: Cell<C>, isPresent: () => boolean) => Promise<boolean>;

/**
 * Renews members, no more than `atOnce` at a time, and resolves with how many. One that leaves meanwhile is left
 * alone; `stopped`, and a step that fails, keep the rest as they are.
 */
export async function roll<C extends Connection>(
  registry: Registry<C>,
  members: readonly Tenant<C>[],
  atOnce: number,
  step: Step<C>,
  stopped: () => boolean,
): Promise<number> {
  const waiting = [...members];
  let renewed = 0;
  const renewNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !stopped(); next = waiting.shift()) {
      const tenant = next;
      const isStill = (): boolean => isPresent(registry, tenant);
      if (isStill() && (await step(tenant.cell, isStill))) renewed++;
    }
  };
  const rolling = Array.from({ length: Math.min(atOnce, members.length) }, () =>
    renewNext().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(rolling)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return renewed;
}
