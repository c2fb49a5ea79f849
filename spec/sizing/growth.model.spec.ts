import * as fc from 'fast-check';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { growOnDemand, type Health } from 'rxpool';
import { figures } from './figures.js';

const WAIT = 100;

/** A pool and its callers, as numbers, with a log against which each addition is checked. */
class Model {
  readonly scheduler = new VirtualTimeScheduler();
  readonly health$ = new Subject<Health>();
  /** `added`: by growOnDemand(); `up`: a dial succeeded; `calm`: no caller waits. */
  readonly log: ('added' | 'up' | 'calm')[] = ['calm'];
  /** When growOnDemand() last added. */
  addedAt = Number.NEGATIVE_INFINITY;
  readonly mistakes: string[] = [];
  inVain = 0;
  waiting = 0;
  connecting = 0;
  connected: number;
  broken = 0;

  constructor(
    size: number,
    readonly maxSize: number,
  ) {
    this.connected = Math.min(size, maxSize);
    const growth = growOnDemand((count) => this.#add(count), { scheduler: this.scheduler, backoff: () => WAIT });
    this.health$.pipe(growth).subscribe();
    this.#show();
  }

  get total(): number {
    return this.connecting + this.connected + this.broken;
  }

  arrive(count: number): void {
    this.waiting += count;
    this.#show();
  }

  serve(count: number): void {
    this.waiting = Math.max(0, this.waiting - count);
    if (this.waiting === 0) this.log.push('calm');
    this.#show();
  }

  accept(): void {
    if (this.connecting === 0) return;
    this.connecting--;
    this.connected++;
    this.log.push('up');
    this.#show();
    this.serve(1);
  }

  refuse(): void {
    if (this.connecting === 0) return;
    this.connecting--;
    this.#fall();
  }

  lose(): void {
    if (this.connected === 0) return;
    this.connected--;
    this.#fall();
  }

  heal(): void {
    if (this.broken === 0) return;
    this.broken--;
    this.connecting++;
    this.#show();
  }

  cleanUp(): void {
    this.broken = 0;
    this.#show();
  }

  shrink(): void {
    if (this.connected > 0) this.connected--;
    this.#show();
  }

  pass(milliseconds: number): void {
    const { scheduler } = this;
    const end = scheduler.frame + milliseconds;
    scheduler.maxFrames = end;
    scheduler.flush();
    scheduler.frame = end;
  }

  #add(count: number): void {
    const { waiting, connecting, connected, total } = this;
    const now = this.scheduler.frame;
    const proven = this.log.at(-1) === 'up';
    const state = `${count} added with ${waiting} waiting, ${connecting} connecting, ${connected} of ${total} connected`;
    if (count > 1 && count > waiting - connecting) this.mistakes.push(`more than wait: ${state}`);
    if (!proven && count > 1) this.mistakes.push(`more than one probe: ${state}`);
    if (!proven && now < this.addedAt + WAIT && this.log.at(-1) === 'added') this.mistakes.push(`at once: ${state}`);
    if (connecting >= waiting && now < this.addedAt + WAIT) this.mistakes.push(`beside the others at once: ${state}`);
    this.addedAt = now;
    this.log.push('added');
    if (total > 0 && connected === 0) this.mistakes.push(`into an outage: ${state}`);
    const joining = Math.min(count, this.maxSize - total);
    if (joining === 0) this.inVain++;
    this.connecting += joining;
    this.#show();
  }

  #fall(): void {
    this.broken++;
    this.#show();
  }

  #show(): void {
    const { waiting, connecting, connected, broken, total } = this;
    this.health$.next(figures({ waiting, connecting, connected, broken, total }));
  }
}

type Step = (model: Model) => void;

const some = fc.integer({ min: 1, max: 20 });

const step: fc.Arbitrary<Step> = fc.oneof(
  some.map((count) => (model: Model) => model.arrive(count)),
  some.map((count) => (model: Model) => model.serve(count)),
  fc.integer({ min: 0, max: 150 }).map((time) => (model: Model) => model.pass(time)),
  fc.constantFrom<Step>(
    (model) => model.pass(0),
    (model) => model.accept(),
    (model) => model.accept(),
    (model) => model.refuse(),
    (model) => model.lose(),
    (model) => model.heal(),
    (model) => model.cleanUp(),
    (model) => model.shrink(),
  ),
);

const model = fc.record({ size: fc.integer({ min: 0, max: 4 }), maxSize: fc.integer({ min: 0, max: 30 }) });

describe('growOnDemand, properties', () => {
  it('property: growOnDemand never adds more than wait, nor a second one before the first is connected or has had its time', () => {
    fc.assert(
      fc.property(model, fc.array(step, { maxLength: 80 }), ({ size, maxSize }, steps) => {
        const pool = new Model(size, maxSize);
        for (const take of steps) take(pool);
        expect(pool.mistakes).toEqual([]);
        expect(pool.inVain).toBeLessThanOrEqual(1 + pool.scheduler.frame / WAIT);
      }),
      { numRuns: 1_000 },
    );
  });

  it('property: growOnDemand serves every waiter in the end, or grows to maxSize', () => {
    fc.assert(
      fc.property(model, fc.array(step, { maxLength: 80 }), ({ size, maxSize }, steps) => {
        const pool = new Model(size, maxSize);
        for (const take of steps) take(pool);
        for (let i = 0; i < 1_000 && pool.waiting > 0; i++) {
          pool.heal();
          pool.accept();
          pool.arrive(0);
          pool.pass(WAIT);
        }
        if (pool.waiting > 0) expect(pool.total).toBe(maxSize);
      }),
      { numRuns: 300 },
    );
  });
});
