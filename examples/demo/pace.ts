import { asyncScheduler, filter, interval, map, type Observable, type SchedulerLike } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import type { ZcachedConnection } from 'rxpool/zcached';
import type { Load } from './load.js';

/** One timer for all requests: each tick brings those that have come due. */
const TICK = 10;

/**
 * How many requests are due now, so that over time there are `rate` a second whatever becomes of them: a load that
 * waited for the slow ones would hide that they are slow.
 */
export function steady(rate: number, scheduler: SchedulerLike = asyncScheduler): Observable<number> {
  let issued = 0;
  const start = scheduler.now();
  return interval(TICK, scheduler).pipe(
    map(() => {
      const due = Math.floor(((scheduler.now() - start) * rate) / 1_000) - issued;
      issued += due;
      // A process that was suspended is forgiven all but a second.
      return Math.min(due, rate);
    }),
    filter((due) => due > 0),
  );
}

/** As fast as it goes: `workers` requests under way at a time until there were `total`. */
export async function flatOut(
  load: Load,
  pool: Pick<ConnectionPool<ZcachedConnection>, 'isWorking' | 'ready'>,
  { workers, total }: { readonly workers: number; readonly total: number },
): Promise<void> {
  const work = async (): Promise<void> => {
    while (load.issued < total) {
      // A pool that is down refuses at once; asking on and on would leave it no time to come back.
      if (pool.isWorking()) await load.request();
      else await pool.ready();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}
