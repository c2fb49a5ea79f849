import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import {
  BehaviorSubject,
  catchError,
  distinctUntilChanged,
  EMPTY,
  from,
  interval,
  map,
  mergeMap,
  switchMap,
} from 'rxjs';
import { Backend } from './backend.js';
import type { Switches } from './pool-reports.js';
import { SocketServer } from './socket-server.js';
import { UsersPool } from './users.pool.js';
import { UsersService } from './users.service.js';

/** Breaks things, so that healing can be watched, and makes the traffic for it. */
@Injectable()
export class Demo implements BeforeApplicationShutdown {
  readonly #switches = new BehaviorSubject<Switches>({ users: true, sockets: true, rate: 0 });
  readonly switches$ = this.#switches.asObservable();

  constructor(
    @Inject(Backend) private readonly backend: Backend,
    @Inject(SocketServer) private readonly sockets: SocketServer,
    @Inject(UsersPool) private readonly pool: UsersPool,
    @Inject(UsersService) users: UsersService,
  ) {
    const save = () => from(users.save('demo', { name: 'Ada' })).pipe(catchError(() => EMPTY));
    const rate$ = this.#switches.pipe(
      map(({ rate }) => rate),
      distinctUntilChanged(),
    );
    rate$
      .pipe(
        switchMap((rate) => (rate > 0 ? interval(1_000 / rate) : EMPTY)),
        mergeMap(save),
      )
      .subscribe();
  }

  setRate(rate: number): void {
    this.#switch({ rate });
  }

  /** Loses the connection of that name, or else has the server hang up on the one that came first. */
  cut(name: string | undefined): void {
    const named = this.pool.connections.filter((each) => each.name === name);
    if (name === undefined) this.backend.cut();
    else this.pool.invalidateConnections(named, { cause: new Error('Cut by hand') });
  }

  async stop(): Promise<void> {
    await this.backend.stop();
    this.#switch({ users: false });
  }

  async start(): Promise<void> {
    await this.backend.start();
    this.#switch({ users: true });
  }

  cutSocket(id: string): void {
    this.sockets.cut(id);
  }

  stopSockets(): void {
    this.sockets.stop();
    this.#switch({ sockets: false });
  }

  startSockets(): void {
    this.sockets.start();
    this.#switch({ sockets: true });
  }

  /** Ends the traffic. */
  beforeApplicationShutdown(): void {
    this.setRate(0);
    this.#switches.complete();
  }

  #switch(change: Partial<Switches>): void {
    this.#switches.next({ ...this.#switches.value, ...change });
  }
}
