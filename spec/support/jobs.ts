import type { ConnectionPool, UseContext, UseOptions } from 'rxpool';
import type { TestConnection } from './connections.js';
import { type Outcome, watch } from './pools.js';

/** A `use()` whose work lasts until `finish()` is called. */
export class Job {
  /** The connection that the work runs on, once it has started. */
  connection: TestConnection | undefined;
  context: UseContext | undefined;
  finish!: () => void;
  readonly outcome: Outcome<string>;

  constructor(pool: ConnectionPool<TestConnection>, options?: UseOptions) {
    const end = new Promise<string>((resolve) => {
      this.finish = () => resolve('done');
    });
    const work = (connection: TestConnection, context: UseContext): Promise<string> => {
      this.connection = connection;
      this.context = context;
      return end;
    };
    this.outcome = watch(pool.use(work, options));
  }

  get started(): boolean {
    return this.connection !== undefined;
  }
}

export const jobs = (pool: ConnectionPool<TestConnection>, count: number, options?: UseOptions): Job[] =>
  Array.from({ length: count }, () => new Job(pool, options));

/** Waits for exactly this many microtasks. */
export async function microtasks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
