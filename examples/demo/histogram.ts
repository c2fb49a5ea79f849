const LEAST = 0.01;
const GROWTH = 1.05;
const BUCKETS = 400;

/** Durations in buckets that grow by 5 %: as exact as a summary needs, and no larger for a million of them. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #max = 0;

  get max(): number {
    return this.#max;
  }

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST) / LEAST) / Math.log(GROWTH));
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
    this.#max = Math.max(this.#max, ms);
  }

  /** What this share of the durations did not exceed; 0 if there were none. */
  quantile(share: number): number {
    let left = share * this.#total;
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return count > 0 && left <= 0;
    });
    return index < 0 ? 0 : Math.min(LEAST * GROWTH ** index, this.#max);
  }
}
