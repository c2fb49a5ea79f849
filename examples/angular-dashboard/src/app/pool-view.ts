import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { ChartCard, type ChartLine } from './chart-card.js';
import { ConnectionTable } from './connection-table.js';
import { Controls } from './controls.js';
import { EventLog } from './event-log.js';
import type { PoolStore } from './pool-store.js';
import { ToneIcon } from './tone-icon.js';

const THROUGHPUT: readonly ChartLine[] = [
  { title: 'Answered', color: '--line-1', isDashed: false, isFilled: true, of: ({ answered }) => answered },
  { title: 'Failed', color: '--line-2', isDashed: true, isFilled: false, of: ({ failed }) => failed },
];

const LATENCY: readonly ChartLine[] = [
  { title: 'Median', color: '--line-3', isDashed: false, isFilled: true, of: ({ median }) => median },
  { title: '95th pct.', color: '--line-4', isDashed: true, isFilled: false, of: ({ p95 }) => p95 },
];

/** All that is shown of one pool, wherever it lives. */
@Component({
  selector: 'app-pool-view',
  imports: [ChartCard, ConnectionTable, Controls, EventLog, ToneIcon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './pool-view.html',
  styleUrl: './pool-view.css',
})
export class PoolView {
  readonly store = input.required<PoolStore>();

  protected readonly feed = computed(() => this.store().feed);
  protected readonly reconnects = computed(() =>
    this.feed()
      .report()
      .connections.reduce((sum, { reconnects }) => sum + reconnects, 0),
  );
  protected readonly throughput = THROUGHPUT;
  protected readonly latency = LATENCY;
}
