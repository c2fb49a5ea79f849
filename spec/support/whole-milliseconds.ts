import { type SchedulerAction, VirtualAction, VirtualTimeScheduler } from 'rxjs';

/** Inserts each action at its place: RxJS sorts the whole queue at each action, too slow for thousands. */
class Action<T> extends VirtualAction<T> {
  protected override requestAsyncId(scheduler: VirtualTimeScheduler, _id?: unknown, delay = 0): 1 {
    this.delay = scheduler.frame + (delay > 0 ? Math.max(1, Math.trunc(delay)) : 0);
    const actions = scheduler.actions as unknown as SchedulerAction<T>[] & { readonly delay: number }[];
    let low = 0;
    let high = actions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (actions[middle]!.delay <= this.delay) low = middle + 1;
      else high = middle;
    }
    scheduler.actions.splice(low, 0, this as never);
    return 1;
  }
}

/** Virtual time for thousands of timers, which fire at whole milliseconds, as those of the platform do. */
export const wholeMilliseconds = (): VirtualTimeScheduler => new VirtualTimeScheduler(Action as never);
