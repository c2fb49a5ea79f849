import { Observable, Subject } from 'rxjs';
import { type ReconnectBrokenOptions, type ReconnectEvent, reconnectBroken } from 'rxpool';
import type { TestConnection } from './connections.js';
import { VirtualClock } from './virtual-clock.js';

type List = readonly TestConnection[];

const short = (event: ReconnectEvent<TestConnection>): string => {
  const attempt = `${event.connection.name}${event.attempt}`;
  switch (event.type) {
    case 'reconnect-scheduled':
      return `${attempt} in ${event.delay}`;
    case 'reconnect-abandoned':
      return `${attempt} abandoned: ${event.reason}`;
    case 'reconnecting':
      return `${attempt} dialling`;
    default:
      return `${attempt} ${event.type.replace('reconnect-', '')}`;
  }
};

/** Linear, so that the attempt can be read off the wait: 100, 200, 300 … */
export const backoff = (attempt: number): number => attempt * 100;

/** A `reconnectBroken` over a list that a test emits, and a log of its events. */
export class ReconnectRig {
  readonly clock = new VirtualClock();
  readonly list$ = new Subject<List>();
  readonly log: string[] = [];
  readonly failures: unknown[] = [];
  completed = false;
  onEvent: (event: ReconnectEvent<TestConnection>) => void = () => {};
  readonly subscription;

  constructor(options: ReconnectBrokenOptions = {}, source?: Observable<List>) {
    const { scheduler } = this.clock;
    this.subscription = (source ?? this.list$).pipe(reconnectBroken({ backoff, scheduler, ...options })).subscribe({
      next: (event) => {
        this.log.push(`${this.clock.now}: ${short(event)}`);
        if (event.type === 'reconnect-failed') this.failures.push(event.cause);
        this.onEvent(event);
      },
      error: (error: unknown) => this.failures.push(error),
      complete: () => {
        this.completed = true;
      },
    });
  }
}

/** The list of broken connections of a pool of one: the connection while its state is broken. */
export const brokenOf = (connection: TestConnection): Observable<List> =>
  new Observable((subscriber) =>
    connection.state$.subscribe((state) => subscriber.next(state === 'broken' ? [connection] : [])),
  );
