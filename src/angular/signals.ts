import {
  assertInInjectionContext,
  DestroyRef,
  InjectionToken,
  inject,
  type Signal,
  signal,
  untracked,
  type WritableSignal,
} from '@angular/core';
import { identity, type MonoTypeOperatorFunction, type Observable } from 'rxjs';
import { type Connection, ConnectionPool, type Health, healthEvery, type PoolEvent } from 'rxpool';
import { type Check, checkEach, checkTimeout, checkWithin } from '../checks.js';
import { wrongType } from '../errors.js';
import { injectOutside, streamOutside } from './zone.js';

/** The source of a signal: a pool (or an object with the needed stream), or the token that injects it. */
export type PoolSource<S> = S | InjectionToken<S>;

/** Options of {@link poolHealth}. */
export interface PoolHealthOptions {
  /** The least milliseconds between two values of the same status; more than 0. @default 100 */
  readonly every?: number | undefined;
}

/** Options of {@link poolEvents}. */
export interface PoolEventsOptions {
  /** How many events are kept; at least 1. Their connections stay in memory as long. @default 50 */
  readonly keep?: number | undefined;
}

/**
 * A signal of the figures of a pool, at a limited rate, because `health$` may emit twice for each request. A change of
 * `status` shows at once; otherwise the latest figures show `every` milliseconds after the previous ones. Equal figures
 * give no new value.
 *
 * The subscription ends with the component, directive or injector that calls this. With zone.js, values come from outside
 * the zone, and mark the views that read the signal.
 *
 * @param pool - the pool, or its token. @default the pool that was provided without a token
 * @throws Angular's error outside an injection context, or if no such pool is provided; a RangeError or TypeError for
 * invalid options.
 * @example
 * ```ts
 * const template = `<p>{{ health().status }}: {{ health().connected }} of {{ health().poolSize }}</p>`;
 *
 * class Status {
 *   readonly health = poolHealth();
 * }
 * ```
 */
export function poolHealth(
  pool?: PoolSource<Pick<ConnectionPool<Connection>, 'health$'>>,
  options: PoolHealthOptions = {},
): Signal<Health> {
  assertInInjectionContext(poolHealth);
  checkEach('options', options, { every: checkTimeout });
  const { every = 100 } = options;
  return latestOf('pool.health$', sourceOf(pool).health$, healthEvery(every));
}

/**
 * A signal of the connections that are connected and in service.
 *
 * @param pool - the pool, or its token. @default the pool that was provided without a token
 * @throws Angular's error outside an injection context, or if no such pool is provided.
 * @example
 * ```ts
 * const template = `@for (each of connections(); track each) { <li>{{ each.name }}</li> }`;
 *
 * class List {
 *   readonly connections = connectedConnections<ZcachedConnection>();
 * }
 * ```
 */
export function connectedConnections<C extends Connection>(
  pool?: PoolSource<Pick<ConnectionPool<C>, 'connected$'>>,
): Signal<readonly C[]> {
  assertInInjectionContext(connectedConnections);
  return latestOf('pool.connected$', sourceOf(pool).connected$, identity);
}

/**
 * A signal of the latest events of a pool since the call, the newest last. Use `events$` to get every event.
 *
 * @param pool - the pool, or its token. @default the pool that was provided without a token
 * @throws Angular's error outside an injection context, or if no such pool is provided; a RangeError or TypeError for
 * invalid options.
 * @example
 * ```ts
 * const template = `@for (event of events(); track event) { <li>{{ event.at | date: 'mediumTime' }} {{ event.type }}</li> }`;
 *
 * class Log {
 *   readonly events = poolEvents(undefined, { keep: 20 });
 * }
 * ```
 */
export function poolEvents<C extends Connection>(
  pool?: PoolSource<Pick<ConnectionPool<C>, 'events$'>>,
  options: PoolEventsOptions = {},
): Signal<readonly PoolEvent<C>[]> {
  assertInInjectionContext(poolEvents);
  checkEach('options', options, { keep: checkKept });
  const { keep = 50 } = options;
  const events = signal<readonly PoolEvent<C>[]>([]);
  follow(sourceOf(pool).events$, identity, (event) => events.update((before) => [...before, event].slice(-keep)));
  return events.asReadonly();
}

const checkKept: Check = (argument, value) => checkWithin(argument, value, 1);

function sourceOf<S extends object>(source: PoolSource<S> = ConnectionPool as never): S {
  if (typeof source === 'function' || source instanceof InjectionToken) return inject(source);
  return source;
}

/** A signal of the latest value of a stream with a current value. */
function latestOf<T>(argument: string, stream: Observable<T>, pace: MonoTypeOperatorFunction<T>): Signal<T> {
  let latest: WritableSignal<T> | undefined;
  follow(stream, pace, (value) => {
    if (latest) latest.set(value);
    else latest = signal(value);
  });
  if (!latest) throw wrongType(argument, 'a stream that has a value', stream);
  return latest.asReadonly();
}

/** Subscribes until the caller's injector or component is destroyed. Timers of `pace` are set outside the zone. */
function follow<T>(stream: Observable<T>, pace: MonoTypeOperatorFunction<T>, show: (value: T) => void): void {
  const ended = inject(DestroyRef);
  // A pool emits a new status at once, possibly within computed() or a template, where signals must not be written.
  const showUntracked = (value: T): void => untracked(() => show(value));
  const subscription = streamOutside(stream, injectOutside()).pipe(pace).subscribe(showUntracked);
  ended.onDestroy(() => subscription.unsubscribe());
}
