import { seeded } from '../../support/seeded.js';

/** Chance that repeats itself for the same seed. */
export class Random {
  readonly #chance: () => number;

  constructor(seed: number) {
    this.#chance = seeded(seed);
  }

  /** 32 bits. */
  next(): number {
    return this.#chance() * 2 ** 32;
  }

  /** A whole number from 0 on. */
  below(limit: number): number {
    return this.next() % limit;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = this.next();
    return bytes;
  }
}
