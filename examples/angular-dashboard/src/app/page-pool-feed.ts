import { computed, Injectable, inject, signal } from '@angular/core';
import { takeUntilDestroyed, toObservable, toSignal } from '@angular/core/rxjs-interop';
import { catchError, EMPTY, from, interval, map, mergeMap, switchMap } from 'rxjs';
import { describe } from 'rxpool';
import { injectConnectionPool, poolHealth } from 'rxpool/angular';
import { PoolReports } from '#nestjs-app/pool-reports.js';
import { Application } from './application.js';
import { NO_REPORT, type PoolFeed } from './pool-feed.js';
import { SOCKET_POOL, socketId } from './socket-pool.js';

/** The pool that lives in the page, and the traffic that goes through it. */
@Injectable({ providedIn: 'root' })
export class PagePoolFeed implements PoolFeed {
  readonly #application = inject(Application);
  readonly #pool = injectConnectionPool(SOCKET_POOL);
  readonly #reports = new PoolReports(this.#pool);
  readonly #rate = signal(40);

  readonly id = 'page';
  readonly title = 'In this page';
  readonly description = 'Four WebSockets of this page to the application, in a pool of the page itself';
  readonly health = poolHealth(this.#pool, { every: 250 });
  readonly report = toSignal(this.#reports.connections$, { initialValue: NO_REPORT });
  readonly calls$ = this.#reports.calls$;
  readonly events$ = this.#pool.events$.pipe(map((event) => describe(event)));
  readonly isServerUp = computed(() => this.#application.switches().sockets);
  readonly rate = this.#rate.asReadonly();

  constructor() {
    // What fails is counted by the reports.
    const work = () =>
      from(this.#pool.use((socket) => socket.request({ method: 'work' }))).pipe(catchError(() => EMPTY));
    toObservable(this.#rate)
      .pipe(
        switchMap((rate) => (rate > 0 ? interval(1_000 / rate) : EMPTY)),
        mergeMap(work),
        takeUntilDestroyed(),
      )
      .subscribe();
  }

  setRate(rate: number): void {
    this.#rate.set(rate);
  }

  cut(name: string): void {
    this.#application.post(`sockets/cut?id=${encodeURIComponent(socketId(name))}`);
  }

  setServerUp(isUp: boolean): void {
    this.#application.post(isUp ? 'sockets/start' : 'sockets/stop');
  }
}
