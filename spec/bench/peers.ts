import { createPool } from 'generic-pool';
import { Pool as TarnPool } from 'tarn';
import { timed, type Variant } from './measure.js';

/** Connections in every pool, and callers who want one of them at a time. */
export const SIZE = 8;

/** What the peers lend. */
type Resource = object;

/** How long a caller waits for a resource, in milliseconds: every pool is told, so that each caller has a deadline. */
export const PATIENCE = 5_000;

/** Work that takes a microtask. */
export type Work = () => Promise<void>;

/** Another pool: full, with its default options, asked in the ways that it offers. */
export interface Peer {
  readonly name: string;
  /** Borrows and returns one after the other, as its callers do: each time they wait for their turn. */
  borrow(count: number): Promise<void>;
  /** A cheaper way, which does not do all that a lease does. */
  readonly shortcut?: (count: number) => Variant;
  use(work: Work): Promise<void>;
  close(): Promise<unknown>;
}

/** Has a pool make all that it may: some make none before it is asked for. */
async function fill(acquire: () => Promise<Resource>, release: (resource: Resource) => void): Promise<void> {
  const resources = await Promise.all(Array.from({ length: SIZE }, acquire));
  resources.forEach(release);
}

/** The most used. Its `release` need not be awaited. */
export async function genericPool(): Promise<Peer> {
  const factory = { create: async (): Promise<Resource> => ({}), destroy: async () => {} };
  const pool = createPool(factory, { min: SIZE, max: SIZE, acquireTimeoutMillis: PATIENCE });
  await pool.ready();
  return {
    name: 'generic-pool',
    borrow: async (count) => {
      for (let i = 0; i < count; i++) void pool.release(await pool.acquire());
    },
    use: (work) => pool.use(work),
    close: () => pool.drain().then(() => pool.clear()),
  };
}

/** Calls back, at once where something is idle; its promises are made of that. */
export async function lightningPool(): Promise<Peer> {
  const { createPool: create } = await import('lightning-pool');
  const factory = { create: async (): Promise<Resource> => ({}), destroy: async () => {} };
  const pool = create<Resource>(factory, { min: SIZE, max: SIZE, acquireTimeoutMillis: PATIENCE });
  await fill(
    () => pool.acquire(),
    (resource) => pool.release(resource),
  );
  return {
    name: 'lightning-pool',
    borrow: async (count) => {
      for (let i = 0; i < count; i++) pool.release(await pool.acquire());
    },
    shortcut: (count) =>
      timed('lightning-pool by callback', count, (times) => {
        const giveBack = (_error: unknown, resource: Resource): void => pool.release(resource);
        for (let i = 0; i < times; i++) pool.acquire(giveBack);
      }),
    use: async (work) => {
      const resource = await pool.acquire();
      try {
        await work();
      } finally {
        pool.release(resource);
      }
    },
    close: () => pool.closeAsync(),
  };
}

/** The pool of knex. */
export async function tarn(): Promise<Peer> {
  const pool = new TarnPool<Resource>({
    create: async () => ({}),
    destroy: async () => {},
    min: SIZE,
    max: SIZE,
    acquireTimeoutMillis: PATIENCE,
  });
  await fill(
    () => pool.acquire().promise,
    (resource) => pool.release(resource),
  );
  return {
    name: 'tarn',
    borrow: async (count) => {
      for (let i = 0; i < count; i++) pool.release(await pool.acquire().promise);
    },
    use: async (work) => {
      const resource = await pool.acquire().promise;
      try {
        await work();
      } finally {
        pool.release(resource);
      }
    },
    close: () => pool.destroy(),
  };
}

/** The pool of a runtime of fibers: within one of them waiting costs no promise. */
export async function effectPool(): Promise<Peer> {
  const [Effect, Exit, Pool, Scope] = await Promise.all([
    import('effect/Effect'),
    import('effect/Exit'),
    import('effect/Pool'),
    import('effect/Scope'),
  ]);
  const scope = Scope.makeUnsafe();
  const make = Pool.make({ acquire: Effect.sync((): Resource => ({})), size: SIZE });
  const pool = await Effect.runPromise(Scope.provide(make, scope));
  const repeat = (borrowing: typeof Effect.void, count: number): Promise<void> =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* borrowing;
      }),
    );
  const lease = Effect.scoped(Effect.asVoid(Pool.get(pool)));
  const use = Pool.use(pool, () => Effect.void);
  return {
    name: "Effect's Pool",
    borrow: (count) => repeat(lease, count),
    shortcut: (count) => timed("Effect's Pool.use", count, (times) => repeat(use, times)),
    use: (work) => Effect.runPromise(Pool.use(pool, () => Effect.promise(work))),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  };
}
