import { asyncScheduler } from 'rxjs';
import { deadline } from '../../src/streams/deadline.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Keeps the event loop from turning. */
function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('deadline()', () => {
  it('expires when its time has come, and not before', async () => {
    const clock = new VirtualClock();
    const expired = jest.fn();
    deadline(clock.scheduler, 100, expired);
    await clock.advance(99);
    expect(expired).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  it('does nothing once it is cancelled, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const expired = jest.fn();
    deadline(clock.scheduler, 100, expired).unsubscribe();
    expect(clock.timers).toBe(0);
    await clock.advance(1_000);
    expect(expired).not.toHaveBeenCalled();
  });

  it('lets what came in while the event loop stood still be dealt with first', async () => {
    const order = await new Promise<string[]>((done) => {
      const told: string[] = [];
      deadline(asyncScheduler, 10, () => done([...told, 'expired']));
      setImmediate(() => told.push('answered'));
      standStill(40);
    });
    expect(order).toEqual(['answered', 'expired']);
  });
});
