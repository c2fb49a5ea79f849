import { DestroyRef, Injectable, inject, signal } from '@angular/core';
import { Subject } from 'rxjs';
import type { EventDescription, Health } from 'rxpool';
import type { Call, PoolReport, Switches } from '#nestjs-app/pool-reports.js';
import { NO_REPORT } from './pool-feed.js';

/** The application of NestJS, which serves this page: what it tells by its stream of events, and what it can be told. */
@Injectable({ providedIn: 'root' })
export class Application {
  readonly #health = signal<Health | undefined>(undefined);
  readonly #report = signal(NO_REPORT);
  readonly #switches = signal<Switches>({ users: true, sockets: true, rate: 0 });
  readonly #calls = new Subject<readonly Call[]>();
  readonly #events = new Subject<EventDescription>();

  /** Undefined while the stream is interrupted. */
  readonly health = this.#health.asReadonly();
  readonly report = this.#report.asReadonly();
  readonly switches = this.#switches.asReadonly();
  readonly calls$ = this.#calls.asObservable();
  readonly events$ = this.#events.asObservable();

  constructor() {
    const source = new EventSource('/demo/stream');
    const on = <T>(type: string, next: (data: T) => void): void =>
      source.addEventListener(type, ({ data }: MessageEvent<string>) => next(JSON.parse(data)));
    on<Health>('health', (health) => this.#health.set(health));
    on<PoolReport>('connections', (report) => this.#report.set(report));
    on<Switches>('switches', (switches) => this.#switches.set(switches));
    on<readonly Call[]>('calls', (calls) => this.#calls.next(calls));
    on<EventDescription>('event', (event) => this.#events.next(event));
    // The browser connects again by itself.
    source.addEventListener('error', () => this.#health.set(undefined));
    inject(DestroyRef).onDestroy(() => source.close());
  }

  setRate(rate: number): void {
    this.#switches.update((switches) => ({ ...switches, rate }));
    void this.#send('PUT', '/demo/rate', { rate });
  }

  /** Does what one of the routes below /demo is for. */
  post(route: string): void {
    void this.#send('POST', `/demo/${route}`);
  }

  /** What comes of it is told by the stream. Where the application cannot be reached, the stream is interrupted too. */
  async #send(method: string, url: string, body?: object): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const init = body ? { method, headers, body: JSON.stringify(body) } : { method };
    await fetch(url, init).catch(() => undefined);
  }
}
