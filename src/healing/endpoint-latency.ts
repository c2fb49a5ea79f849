/** How many answers in a row have to be slow, and over how many milliseconds at least. */
const SLOW_ANSWERS = 10;
const SLOW_FOR = 500;

/** How many answers of an endpoint are looked at together, and the place of the one that nine of ten are within. */
const WINDOW = 32;
const NINE_OF_TEN = 28;

const ascending = (a: number, b: number): number => a - b;

/** What the answers of several endpoints have in common. */
export class Latencies {
  /** How many answers were not slow. */
  normal = 0;
  /** In milliseconds, of each endpoint that has filled a window: what nine of ten answers took at most. */
  readonly #nineOfTen = new Map<object, number>();
  #usual: number | undefined;

  /** What nine of ten answers of the usual endpoint take at most: the median of all, of two in the middle the lower. */
  get usual(): number {
    if (this.#usual === undefined) {
      const sorted = [...this.#nineOfTen.values()].sort(ascending);
      this.#usual = sorted[(sorted.length - 1) >> 1] ?? Number.POSITIVE_INFINITY;
    }
    return this.#usual;
  }

  set(endpoint: object, nineOfTen: number): void {
    this.#nineOfTen.set(endpoint, nineOfTen);
    this.#usual = undefined;
  }

  delete(endpoint: object): void {
    this.#nineOfTen.delete(endpoint);
    this.#usual = undefined;
  }
}

/**
 * The answers of one endpoint, compared with those of the others. An answer that takes long says nothing by itself, because
 * work may be of different lengths: an endpoint is slow when all of its answers are, while others answer as usual.
 */
export class EndpointLatency {
  readonly #all: Latencies;
  #window: number[] = [];
  /** Slow answers since the latest that was not. */
  #slow = 0;
  #slowSince = 0;
  /** How many answers of all endpoints had not been slow by then. */
  #normalBefore = 0;

  constructor(all: Latencies) {
    this.#all = all;
  }

  /**
   * Counts an answer. Returns whether the endpoint is slow.
   *
   * @param slowerThan - how many times what is usual an answer has to take to be slow.
   */
  answered(duration: number, slowerThan: number, now: number): boolean {
    const all = this.#all;
    const isSlow = duration > slowerThan * all.usual;
    this.#window.push(duration);
    if (this.#window.length === WINDOW) {
      all.set(this, this.#window.sort(ascending)[NINE_OF_TEN] as number);
      this.#window = [];
    }
    if (!isSlow) {
      all.normal++;
      this.#slow = 0;
      return false;
    }
    if (this.#slow++ === 0) {
      this.#slowSince = now;
      this.#normalBefore = all.normal;
    }
    // Many answers may come at once after a pause. All endpoints may be slow at once, when work has become longer.
    const isLasting = now - this.#slowSince >= SLOW_FOR && all.normal - this.#normalBefore >= SLOW_ANSWERS;
    return this.#slow >= SLOW_ANSWERS && isLasting;
  }

  /** Forgets all answers: those to come are another matter. */
  clear(): void {
    this.#window = [];
    this.#slow = 0;
    this.#all.delete(this);
  }
}
