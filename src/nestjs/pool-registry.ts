import { Injectable } from '@nestjs/common';
import { outOfRange } from '../errors.js';

/** The part of a pool that the registry needs. */
interface Registered {
  dispose(): Promise<void>;
}

/** The pools of one application by their names. */
export class PoolRegistry {
  readonly #pools = new Map<string, Registered>();

  get names(): readonly string[] {
    return [...this.#pools.keys()];
  }

  /** @throws RangeError for a name that is taken. */
  add(name: string, pool: Registered): void {
    if (this.#pools.has(name)) {
      throw outOfRange('name', 'a name that no other ConnectionPoolModule of the application has', name);
    }
    this.#pools.set(name, pool);
  }

  /**
   * Disposes of all pools after a failed start. Nest does not tell providers of that, and open pools keep a process
   * alive.
   */
  async disposeAll(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.dispose()));
  }
}

Injectable()(PoolRegistry);
