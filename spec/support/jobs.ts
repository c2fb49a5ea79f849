import type { ConnectionPool, UseContext, UseOptions } from 'rxpool';
import type { TestConnection } from './connections.js';
import { type Outcome, watch } from './pools.js';

/** Work that `use` was asked for, and that lasts until the test says so. */
export class Job {
  /** Where it runs, once it does. */
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

/** Lets so many microtasks pass, and no more. */
export async function microtasks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
