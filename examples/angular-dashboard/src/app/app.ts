import {
  ChangeDetectionStrategy,
  Component,
  computed,
  type ElementRef,
  inject,
  signal,
  viewChildren,
} from '@angular/core';
import { PagePoolFeed } from './page-pool-feed.js';
import { PoolStore } from './pool-store.js';
import { PoolView } from './pool-view.js';
import { ServerPoolFeed } from './server-pool-feed.js';
import { ToneIcon } from './tone-icon.js';

/** By how much each key moves along the tabs. */
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The page: a tab for each pool, and the view of the one that is chosen. */
@Component({
  selector: 'app-root',
  imports: [PoolView, ToneIcon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  protected readonly stores = [new PoolStore(inject(PagePoolFeed)), new PoolStore(inject(ServerPoolFeed))];
  protected readonly chosen = signal(0);
  protected readonly store = computed(() => this.stores[this.chosen()] as PoolStore);
  /** Is read out when it changes. */
  protected readonly news = computed(() =>
    this.stores.map(({ feed, status }) => `${feed.title}: ${status()}`).join('. '),
  );
  private readonly tabs = viewChildren<ElementRef<HTMLButtonElement>>('tab');

  /** Arrow keys, Home and End choose another tab, as the pattern for tabs of WAI-ARIA has it. */
  protected move(event: KeyboardEvent): void {
    const count = this.stores.length;
    const step = STEPS[event.key];
    const edge = event.key === 'Home' ? 0 : event.key === 'End' ? count - 1 : undefined;
    const next = step === undefined ? edge : (this.chosen() + step + count) % count;
    if (next === undefined) return;
    event.preventDefault();
    this.chosen.set(next);
    this.tabs()[next]?.nativeElement.focus();
  }
}
