import { filter, Observable, Subject } from 'rxjs';
import type { Cell, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { CHANGES, type Change } from '../streams/changes.js';
import { Live } from '../streams/live.js';
import type { Rounds } from '../streams/rounds.js';
import type { Registry, RegistryObserver } from './registry.js';
import type { Roster } from './roster.js';

/** The members of one moment. */
export interface Snapshot<C> {
  readonly connections: readonly C[];
  readonly connected: readonly C[];
  readonly broken: readonly C[];
}

type ListName = keyof Snapshot<never>;

const JOINING: readonly ListName[] = ['connections', 'connected', 'broken'];
const LEAVING: readonly ListName[] = ['connected', 'broken', 'connections'];
const MENDING: readonly ListName[] = ['broken', 'connected', 'connections'];

const MOVING = ['connected', 'broken'] as const;

/** One of the pool's lists as a stream of arrays, which offers its changes as well. */
class ListStream<C extends Connection> {
  readonly live: Live<readonly C[]>;
  readonly observable: Observable<readonly C[]>;
  readonly #changes = new Subject<Change<C>>();
  readonly #rounds: Rounds;
  #ended = false;

  constructor(rounds: Rounds, roster: Roster<C>, group: Live<unknown>[]) {
    this.#rounds = rounds;
    this.live = new Live(rounds, () => roster.view, group);
    const changes = new Observable<Change<C>>((subscriber) => {
      // What has been asked for and not been shown yet is part of the first change.
      const since = rounds.asked;
      const tell = (): void => rounds.replay(() => subscriber.next({ added: roster.view, removed: [] }));
      if (this.#ended) {
        tell();
        subscriber.complete();
        return undefined;
      }
      const news = this.#changes.pipe(filter(() => rounds.current > since));
      const subscription = news.subscribe(subscriber);
      tell();
      return subscription;
    });
    this.observable = Object.assign(this.live.observable, { [CHANGES]: changes });
  }

  changed(added: readonly C[], removed: readonly C[]): void {
    if (!this.#changes.observed || (added.length === 0 && removed.length === 0)) return;
    this.#rounds.run(() => this.#changes.next({ added, removed }));
  }

  end(): void {
    this.#ended = true;
    this.live.end(Object.freeze([]));
    this.#changes.complete();
  }

  get followed(): boolean {
    return this.#changes.observed;
  }
}

function anyWatched(group: readonly Live<unknown>[]): boolean {
  for (const live of group) if (live.watched) return true;
  return false;
}

/** The membership as streams: one snapshot behind them all, built only when somebody looks. */
export class MembershipStreams<C extends Connection> implements RegistryObserver<C> {
  readonly connections: ListStream<C>;
  readonly connected: ListStream<C>;
  readonly broken: ListStream<C>;
  readonly snapshot: Live<Snapshot<C>>;
  readonly #registry: Registry<C>;
  readonly #rounds: Rounds;
  readonly #group: Live<unknown>[] = [];
  #latest: Snapshot<C> | undefined;

  constructor(registry: Registry<C>, rounds: Rounds) {
    const group = this.#group;
    this.#registry = registry;
    this.#rounds = rounds;
    this.connections = new ListStream(rounds, registry.connections, group);
    this.connected = new ListStream(rounds, registry.connected, group);
    this.broken = new ListStream(rounds, registry.broken, group);
    this.snapshot = new Live(rounds, () => this.#read(), group);
    registry.observe(this);
    registry.beforeChange = () => {
      for (const live of group) live.pin();
      if (!this.snapshot.watched) this.#latest = undefined;
    };
  }

  joined(cells: readonly Cell<C>[]): void {
    this.#follow(cells, true);
    this.#capture(JOINING);
  }

  left(cells: readonly Cell<C>[]): void {
    this.#follow(cells, false);
    this.#capture(LEAVING);
  }

  moved(cell: Cell<C>, from: Standing): void {
    this.#followMove(cell, from);
    this.#capture(from === 'broken' ? MENDING : LEAVING);
  }

  /** Shows an empty pool and completes. */
  end(): void {
    this.#rounds.run(() => {
      this.connected.end();
      this.broken.end();
      this.connections.end();
      this.snapshot.end(this.#read());
    });
  }

  #capture(order: readonly ListName[]): void {
    if (anyWatched(this.#group)) this.#showAll(order);
  }

  #showAll(order: readonly ListName[]): void {
    const shows: (() => void)[] = [];
    for (const live of [...order.map((name) => this[name].live), this.snapshot]) {
      const show = live.capture();
      if (show) shows.push(show);
    }
    if (shows.length === 0) return;
    this.#rounds.run(() => {
      for (const show of shows) show();
    });
  }

  #read(): Snapshot<C> {
    const { connections, connected, broken } = this.#registry;
    const latest = this.#latest;
    if (
      latest?.connections === connections.view &&
      latest.connected === connected.view &&
      latest.broken === broken.view
    ) {
      return latest;
    }
    this.#latest = Object.freeze({ connections: connections.view, connected: connected.view, broken: broken.view });
    return this.#latest;
  }

  #follow(cells: readonly Cell<C>[], joining: boolean): void {
    for (const name of JOINING) {
      if (!this[name].followed) continue;
      const concerned = cells.filter((cell) => name === 'connections' || cell.standing === name);
      const connections = concerned.map((cell) => cell.connection);
      if (joining) this[name].changed(connections, []);
      else this[name].changed([], connections);
    }
  }

  #followMove(cell: Cell<C>, from: Standing): void {
    for (const name of MOVING) {
      if (!this[name].followed) continue;
      if (from === name) this[name].changed([], [cell.connection]);
      if (cell.standing === name) this[name].changed([cell.connection], []);
    }
  }
}
