import type { Observable } from 'rxjs';
import type { ConnectionPool } from 'rxpool';
import type { TestConnection } from '../support/connections.js';

const LISTS = ['connections', 'connected', 'broken'] as const;

/** Subscribes to the streams of a pool and records invalid emissions. */
export class Observers {
  readonly violations: string[] = [];
  /** How each stream has ended: completed or errored. */
  readonly ends: Record<string, string> = {};
  readonly #shown: Record<(typeof LISTS)[number], readonly TestConnection[]> = {
    connections: [],
    connected: [],
    broken: [],
  };

  constructor(pool: ConnectionPool<TestConnection>) {
    for (const name of LISTS) {
      this.#watch(`${name}$`, pool[`${name}$`], (list) => {
        this.#shown[name] = list;
        this.#check(name);
      });
    }
    this.#watch('snapshot$', pool.snapshot$, ({ connections, connected, broken }) => {
      const isLegal = [...connected, ...broken].every((one) => connections.includes(one));
      if (!isLegal || connected.some((one) => broken.includes(one))) this.violations.push('snapshot$');
    });
    this.#watch('leastLoaded$', pool.leastLoaded$);
    this.#watch('pending$', pool.pending$, (pending) => {
      if (!(pending >= 0)) this.violations.push(`pending$ ${pending}`);
    });
    this.#watch(
      'health$',
      pool.health$,
      ({ total, fresh, connecting, connected, draining, ejected, broken, waiting }) => {
        const sum = fresh + connecting + connected + draining + ejected + broken;
        if (sum !== total || waiting < 0) this.violations.push('health$');
      },
    );
    this.#watch('events$', pool.events$);
  }

  #watch<T>(name: string, stream: Observable<T>, look: (value: T) => void = () => {}): void {
    const ended = (how: string): void => {
      this.ends[name] += how;
    };
    this.ends[name] = '';
    stream.subscribe({ next: look, error: () => ended('errored'), complete: () => ended('completed') });
  }

  #check(name: string): void {
    const { connections, connected, broken } = this.#shown;
    if (connected.some((one) => broken.includes(one))) this.violations.push(`${name}$ shows one connected and broken`);
    if (![...connected, ...broken].every((one) => connections.includes(one))) {
      this.violations.push(`${name}$ shows a connection that connections$ does not`);
    }
  }
}
