import { filter, finalize, firstValueFrom, type Observable } from 'rxjs';
import { checkDistinctTexts } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { Member } from '../membership/member.js';
import { CommandFailure } from '../streams/run-command.js';
import type { PoolContext } from './context.js';
import type { PolicyEntry } from './policies.js';
import { rebalance } from './rebalance.js';

/** The option `endpoints`: a list, or an observable of lists. Passes lists to the pool, and balances its members. */
export class EndpointPolicy<C extends Connection, K> {
  readonly #context: PoolContext<C, K>;

  constructor(context: PoolContext<C, K>) {
    this.#context = context;
  }

  /** Whether there are endpoints to make connections for, or none are needed. */
  get isListed(): boolean {
    const { options, endpoints } = this.#context;
    return !options.endpoints || endpoints.list !== undefined;
  }

  /** Calls `goOn` once the first list of endpoints has arrived, unless the pool is closed by then. */
  async whenListed(goOn: () => Promise<void>): Promise<void> {
    const { endpoints, errors, state } = this.#context;
    const wasClosed = state.closedSince();
    const decided$ = endpoints.changed$.pipe(filter(() => !endpoints.isAwaited));
    while (endpoints.isAwaited) await firstValueFrom(decided$);
    if (wasClosed()) return;
    if (!endpoints.list) throw errors.noEndpointsError();
    await goOn();
  }

  /** Uses a list of endpoints from now on, if it is valid. */
  goBy(list: unknown): void {
    const { endpoints, events, turns } = this.#context;
    try {
      checkDistinctTexts('endpoints', list);
    } catch (cause) {
      this.#failed(cause);
      return;
    }
    if (!endpoints.use(list)) return;
    events.emit({ type: 'endpoints-changed', endpoints: endpoints.list as readonly string[] });
    turns.requestFlush();
  }

  /** The policies that give the pool its endpoints and balance its members over them. */
  get entries(): PolicyEntry[] {
    const { options, endpoints, events, rolling, state, errors } = this.#context;
    const source = options.endpoints;
    if (!source) return [];
    const move = (member: Member<C>): Promise<void> =>
      rolling.move(member, {
        reason: 'rebalanced',
        // A member that is not up has no work to lose.
        removesFirst: !member.isUp,
        drainTimeout: undefined,
        signal: undefined,
        wasClosed: state.closedSince(),
        notConnectedError: (cause) => errors.renewalError(cause),
      });
    const balancing: PolicyEntry = {
      id: endpoints,
      subscribe: () => rebalance(endpoints, move, options.scheduler),
      next: (value) => events.emit({ type: 'policy-failed', cause: (value as CommandFailure).cause }),
      failed: (cause) => events.emit({ type: 'policy-failed', cause }),
    };
    if (Array.isArray(source)) return [balancing];
    const decided = (): void => {
      endpoints.isAwaited = false;
      endpoints.changed$.next();
    };
    const listing: PolicyEntry = {
      id: source,
      subscribe: () => {
        endpoints.isAwaited = !endpoints.list;
        return (source as Observable<unknown>).pipe(finalize(decided));
      },
      next: (value) => (value instanceof CommandFailure ? this.#failed(value.cause) : this.goBy(value)),
      failed: (cause) => this.#failed(cause),
      completed: () => events.emit({ type: 'endpoints-ended' }),
    };
    return [listing, balancing];
  }

  #failed(cause: unknown): void {
    const { endpoints, events, membership } = this.#context;
    // Waiting callers are told the cause, like that of a failed dial.
    if (!endpoints.list) membership.dialer.lastFailure = cause;
    events.emit({ type: 'endpoints-failed', cause });
  }
}
