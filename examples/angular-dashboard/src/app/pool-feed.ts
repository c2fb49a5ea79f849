import type { Signal } from '@angular/core';
import type { Observable } from 'rxjs';
import type { EventDescription, Health } from 'rxpool';
import type { Call, PoolReport } from '#nestjs-app/pool-reports.js';

/** Where the view of a pool gets all that it shows, and what its buttons do. */
export interface PoolFeed {
  /** Short and unique: it makes ids in the page. */
  readonly id: string;
  /** What the pool is called, on its tab. */
  readonly title: string;
  /** Where the pool lives, and what it is connected to. */
  readonly description: string;
  /** Undefined while it is not known. */
  readonly health: Signal<Health | undefined>;
  readonly report: Signal<PoolReport>;
  readonly calls$: Observable<readonly Call[]>;
  readonly events$: Observable<EventDescription>;
  /** Whether the server of the pool has not been stopped. */
  readonly isServerUp: Signal<boolean>;
  /** Requests a second that are sent through the pool. */
  readonly rate: Signal<number>;

  setRate(rate: number): void;
  /** Loses the connection of that name. */
  cut(name: string): void;
  /** Brings the server of the pool back, or stops it. */
  setServerUp(isUp: boolean): void;
}

/** Before the first report. */
export const NO_REPORT: PoolReport = { at: 0, connections: [] };
