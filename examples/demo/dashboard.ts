import { interval, type Observable, Subscription } from 'rxjs';
import type { ConnectionPool, PoolEvent } from 'rxpool';
import type { ZcachedConnection } from 'rxpool/zcached';
import type { Load } from './load.js';
import type { Model, News } from './model.js';
import { Tally } from './tally.js';
import { Watched } from './watched.js';

const SAMPLE_EVERY = 200;
const SAMPLES = 120;
const NEWS = 20;

export interface Watchable {
  readonly pool: Pick<ConnectionPool<ZcachedConnection>, 'connections$' | 'health$' | 'health' | 'events$'>;
  readonly load: Pick<Load, 'results$'>;
  /** How many connections were cut, each time some were. */
  readonly cuts$: Observable<number>;
  readonly target: { readonly name: string };
  readonly duration: number;
}

/** Listens to the public streams of a pool and keeps what is to be shown of it. */
export class Dashboard {
  readonly tally = new Tally();
  cut = 0;
  reconnects = 0;
  readonly #what: Watchable;
  readonly #start = performance.now();
  readonly #watched = new Map<ZcachedConnection, Watched>();
  readonly #throughput: number[] = [];
  readonly #news: News[] = [];
  readonly #subscription = new Subscription();
  #health: Model['health'];
  #joined = 0;
  #sampled = 0;

  constructor(what: Watchable) {
    const { pool, load, cuts$ } = what;
    this.#what = what;
    this.#health = pool.health;
    for (const subscription of [
      pool.connections$.subscribe((connections) => this.#follow(connections)),
      pool.health$.subscribe((health) => (this.#health = health)),
      pool.events$.subscribe((event) => this.#heard(event)),
      load.results$.subscribe((result) => {
        this.tally.add(result);
        const watched = result.type === 'answered' ? this.#watched.get(result.connection) : undefined;
        if (watched) watched.served++;
      }),
      cuts$.subscribe((count) => {
        this.cut += count;
        this.#tell(`cut ${count} ${count === 1 ? 'connection' : 'connections'}`);
      }),
      interval(SAMPLE_EVERY).subscribe(() => this.#sample()),
    ]) {
      this.#subscription.add(subscription);
    }
  }

  get elapsed(): number {
    return performance.now() - this.#start;
  }

  get model(): Model {
    const { tally, cut, reconnects, elapsed } = this;
    const now = performance.now();
    return {
      elapsed,
      duration: this.#what.duration,
      target: this.#what.target.name,
      health: this.#health,
      rows: [...this.#watched.values()].map((watched) => watched.row(now)),
      throughput: [...this.#throughput],
      answered: tally.answered,
      wrong: tally.wrong,
      errors: tally.failed,
      cut,
      reconnects,
      p50: tally.latency.quantile(0.5),
      p99: tally.latency.quantile(0.99),
      news: [...this.#news],
    };
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#follow([]);
  }

  #follow(connections: readonly ZcachedConnection[]): void {
    for (const connection of connections) {
      if (!this.#watched.has(connection)) this.#watched.set(connection, new Watched(connection, ++this.#joined));
    }
    for (const [connection, watched] of this.#watched) {
      if (connections.includes(connection)) continue;
      watched.unwatch();
      this.#watched.delete(connection);
    }
  }

  #heard(event: PoolEvent<ZcachedConnection>): void {
    if (!('connection' in event)) return;
    const watched = this.#watched.get(event.connection);
    if (!watched) return;
    if (event.type === 'reconnect-scheduled') watched.redialAt = performance.now() + event.delay;
    else if (event.type === 'lost') {
      watched.isLost = true;
      this.#tell(`#${watched.number} lost: ${reasonOf(event.cause)}`);
    } else if (event.type === 'connected' && watched.isLost) {
      watched.isLost = false;
      watched.reconnects++;
      this.reconnects++;
      this.#tell(`#${watched.number} back`);
    }
  }

  #sample(): void {
    const { answered } = this.tally;
    this.#throughput.push(((answered - this.#sampled) * 1_000) / SAMPLE_EVERY);
    this.#sampled = answered;
    if (this.#throughput.length > SAMPLES) this.#throughput.shift();
  }

  #tell(text: string): void {
    this.#news.push({ at: this.elapsed, text });
    if (this.#news.length > NEWS) this.#news.shift();
  }
}

/** The first code along the causes that is the system's own, or the outermost message. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('E') && !code.startsWith('ERR_')) return code;
  }
  return error instanceof Error ? error.message : String(error);
}
