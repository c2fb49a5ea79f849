import { VirtualTimeScheduler } from 'rxjs';

/** Waits until the microtask queue is empty. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Virtual time that a test advances; promises settle between any two timers. */
export class VirtualClock {
  constructor(readonly scheduler = new VirtualTimeScheduler()) {}

  get now(): number {
    return this.scheduler.now();
  }

  /** How many timers are waiting. */
  get timers(): number {
    return this.scheduler.actions.length;
  }

  async advance(milliseconds: number): Promise<void> {
    const { scheduler } = this;
    const end = scheduler.frame + milliseconds;
    await settle();
    for (let next = scheduler.actions[0]; next && next.delay <= end; next = scheduler.actions[0]) {
      scheduler.maxFrames = next.delay;
      scheduler.flush();
      await settle();
    }
    scheduler.frame = end;
  }
}
