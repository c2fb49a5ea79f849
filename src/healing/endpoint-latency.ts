/** How many answers in a row must be slow, and over how many milliseconds at least. */
const SLOW_ANSWERS = 10;
const SLOW_FOR = 500;

/** How many answers of an endpoint form a window, and the index of the one within which nine of ten come. */
const WINDOW = 32;
const NINE_OF_TEN = 28;

const ascending = (a: number, b: number): number => a - b;

/** The latencies of several endpoints. */
export class Latencies {
  /** How many answers of all endpoints were not slow. */
  normal = 0;
  /** For each endpoint with a full window, the milliseconds within which nine of ten answers came. */
  readonly #nineOfTen = new Map<object, number>();
  #usual: number | undefined;

  /** The usual time for nine of ten answers: the median over the endpoints, the lower one of two in the middle. */
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
 * Compares the answers of one endpoint with those of the others. A single slow answer says nothing, because work
 * differs in length. An endpoint is slow when all of its answers are, while others answer as usual.
 */
export class EndpointLatency {
  readonly #all: Latencies;
  #window: number[] = [];
  /** Slow answers in a row. */
  #slow = 0;
  #slowSince = 0;
  /** The count of normal answers of all endpoints when the slow ones began. */
  #normalBefore = 0;

  constructor(all: Latencies) {
    this.#all = all;
  }

  /**
   * Counts an answer. Returns whether the endpoint is slow.
   *
   * @param slowerThan - an answer is slow if it took longer than this factor times the usual time.
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
    // Many answers may come at once after a pause. All endpoints may slow down at once, when work becomes longer.
    const isLasting = now - this.#slowSince >= SLOW_FOR && all.normal - this.#normalBefore >= SLOW_ANSWERS;
    return this.#slow >= SLOW_ANSWERS && isLasting;
  }

  /** Forgets all answers, which say nothing about later ones. */
  clear(): void {
    this.#window = [];
    this.#slow = 0;
    this.#all.delete(this);
  }
}
