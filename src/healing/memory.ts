import { type SchedulerLike, Subscription } from 'rxjs';
import type { Cell, CellOwner } from '../connection/cell.js';
import { watchAnswers } from './proof.js';

/** How long a connection that is not listed as broken at present is remembered, and by whose clock. */
export interface Memory {
  /** Milliseconds, counted from the end of the dial under way. */
  readonly time: number;
  readonly scheduler: SchedulerLike;
  forget(): void;
}

/** Left its pool, or closed for good; a pool also closes what took too long to dial, and dials it again. */
function isGone({ state, standing, owner }: Cell, pool: CellOwner | undefined): boolean {
  if (pool && owner !== pool) return true;
  return state === 'closed' && (!owner || standing === 'idle');
}

/** Queued by its pool to be dialled again, or being dialled. */
export function isDialled({ state, standing, owner }: Cell): boolean {
  return state === 'connecting' || (owner !== undefined && standing === 'connecting' && state !== 'connected');
}

/**
 * Remembers a connection of `pool`, if of any, until it is proven to work: a request was answered, or some time
 * has passed since the end of the dial; or until it is gone. Later dials do not prolong that: one that is dialled
 * without end is forgotten as well.
 */
export function remember(cell: Cell, pool: CellOwner | undefined, { time, scheduler, forget }: Memory): Subscription {
  const memory = new Subscription();
  if (isGone(cell, pool)) {
    forget();
    return memory;
  }
  let countdown: Subscription | undefined;
  let dialHasEnded = false;
  const countDown = (): void => {
    countdown?.unsubscribe();
    countdown = scheduler.schedule(forget, time);
  };
  memory.add(() => countdown?.unsubscribe());
  memory.add(
    cell.watch({
      onState: (state) => {
        if (isGone(cell, pool)) forget();
        else if (dialHasEnded) return;
        // The list heard of the dial before the cell did.
        else if (state === 'connecting') countdown?.unsubscribe();
        else {
          dialHasEnded = true;
          countDown();
        }
      },
      onRetired: forget,
    }),
  );
  memory.add(watchAnswers(cell, forget));
  if (!isDialled(cell)) countDown();
  return memory;
}
