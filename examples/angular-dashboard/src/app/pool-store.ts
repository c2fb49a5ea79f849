import { computed, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { interval } from 'rxjs';
import { addToLog, type LogEntry } from './log.js';
import type { PoolFeed } from './pool-feed.js';
import { STATUS_TONES, type Status } from './status.js';
import { SAMPLE_EVERY, type Sample, Traffic } from './traffic.js';

/** What is remembered of a pool, whichever is shown: its traffic of the last minute, and its latest events. */
export class PoolStore {
  readonly #samples = signal<readonly Sample[]>([]);
  readonly #log = signal<readonly LogEntry[]>([]);

  readonly samples = this.#samples.asReadonly();
  readonly log = this.#log.asReadonly();
  readonly status = computed<Status>(() => this.feed.health()?.status ?? 'unknown');
  readonly tone = computed(() => STATUS_TONES[this.status()]);

  /** To be called in an injection context: it follows the feed until that ends. */
  constructor(readonly feed: PoolFeed) {
    const traffic = new Traffic();
    feed.calls$.pipe(takeUntilDestroyed()).subscribe((calls) => traffic.record(calls, Date.now()));
    feed.events$.pipe(takeUntilDestroyed()).subscribe((event) => this.#log.update((log) => addToLog(log, event)));
    interval(SAMPLE_EVERY)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.#samples.set(traffic.sample(Date.now())));
  }
}
