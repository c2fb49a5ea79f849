import { computed, Injectable, inject } from '@angular/core';
import { Application } from './application.js';
import type { PoolFeed } from './pool-feed.js';

/** The pool in the application of NestJS, as its stream of events tells of it. */
@Injectable({ providedIn: 'root' })
export class ServerPoolFeed implements PoolFeed {
  readonly #application = inject(Application);

  readonly id = 'server';
  readonly title = 'In NestJS';
  readonly description = 'Four connections of the application to its zcached server, told by server-sent events';
  readonly health = this.#application.health;
  readonly report = this.#application.report;
  readonly calls$ = this.#application.calls$;
  readonly events$ = this.#application.events$;
  readonly isServerUp = computed(() => this.#application.switches().users);
  readonly rate = computed(() => this.#application.switches().rate);

  setRate(rate: number): void {
    this.#application.setRate(rate);
  }

  cut(name: string): void {
    this.#application.post(`cut?name=${encodeURIComponent(name)}`);
  }

  setServerUp(isUp: boolean): void {
    this.#application.post(isUp ? 'start' : 'stop');
  }
}
