import { BehaviorSubject, Observable, type Subscription } from 'rxjs';
import type { ConnectionPoolOptions, Lease, UseContext } from 'rxpool';
import type { DialScript } from 'rxpool/testing';
import { OwnConnection, SubjectConnection, type TestConnection } from '../support/connections.js';
import { names, type Rig, rig } from '../support/pools.js';
import type { Lending, ModelCaller } from './lending-model.js';
import { CONNECT_TIMEOUT, DRAIN_TIMEOUT, type ModelConnection } from './pool-model.js';

/** A connection held by a caller. */
interface Loan {
  readonly signal: AbortSignal | undefined;
  /** Ends the work. */
  finish(): void;
  readonly lease?: Lease<TestConnection>;
}

const numberOf = (name: string): number => Number(name.slice(1));

/** The pool under test, with its callers and a subscription to each stream. */
export class RealPool {
  readonly rig: Rig;
  readonly seen = { connections: '', connected: '', broken: '', pending: 0, status: '', waiting: 0, ejected: 0 };
  leastLoaded: TestConnection | undefined;
  readonly rejections: unknown[] = [];
  /** Outcomes of callers, by kind. */
  readonly answers: string[] = [];
  readonly grants = new Map<number, string>();
  readonly loans = new Map<number, Loan>();
  readonly flows = new Map<number, Subscription>();
  /** The `capacity$` of the connections that have one. */
  readonly capacities = new Map<string, BehaviorSubject<number>>();

  constructor({ poolSize, ...lending }: Lending, script: DialScript) {
    const options: ConnectionPoolOptions<TestConnection> = {
      connectTimeout: CONNECT_TIMEOUT,
      // The model keeps a lease of a lost session until it is released; spec/borrowing/lost-grace has the option.
      lostGrace: 2 ** 31 - 1,
      drainTimeout: DRAIN_TIMEOUT,
      maxDials: Number.POSITIVE_INFINITY,
      ...lending,
    };
    this.rig = rig((onDial, name) => this.#make(onDial, name), poolSize, options);
    this.rig.script = script;
    this.#watch();
  }

  #make(onDial: DialScript = 'accept', name = ''): TestConnection {
    const number = numberOf(name);
    const made = number % 2 === 0 ? new OwnConnection({ onDial, name }) : new SubjectConnection({ onDial, name });
    if (number % 3 !== 0) return made;
    const capacity$ = new BehaviorSubject(Number.POSITIVE_INFINITY);
    this.capacities.set(name, capacity$);
    return Object.assign(made, { capacity$ });
  }

  #watch(): void {
    const { pool } = this.rig;
    for (const name of ['connections', 'connected', 'broken'] as const) {
      pool[`${name}$`].subscribe((list) => {
        this.seen[name] = names(list);
      });
    }
    pool.pending$.subscribe((pending) => {
      this.seen.pending = pending;
    });
    pool.health$.subscribe(({ status, waiting, ejected }) => {
      Object.assign(this.seen, { status, waiting, ejected });
    });
    pool.leastLoaded$.subscribe((connection) => {
      this.leastLoaded = connection;
    });
  }

  /** The connection of that name. */
  of({ name }: ModelConnection): TestConnection {
    return this.rig.made[numberOf(name) - 1]!;
  }

  start(work: Promise<unknown>): void {
    work.catch((reason: unknown) => this.rejections.push(reason));
  }

  readonly choice = ({ id }: ModelCaller): string | undefined => this.grants.get(id);

  /** Makes the call of this caller. */
  ask({ kind, id }: ModelCaller, options: Asking | undefined): void {
    const { pool } = this.rig;
    const told = (outcome: string): unknown => this.answers.push(`${kind} ${outcome}: ${id}`);
    const done = (): unknown => told('done');
    const failed = (reason: unknown): unknown => told(codeOf(reason));
    const cut = (reason: unknown): void => {
      this.loans.delete(id);
      failed(reason);
    };
    if (kind === 'use') {
      pool.use((connection, context) => this.#work(id, connection, context), options).then(done, failed);
    } else if (kind === 'lease') {
      pool.lease(options).then((lease) => this.leased(id, lease), failed);
    } else {
      const flow$ = pool.withConnection((connection, context) => this.#flow(id, connection, context), options);
      this.flows.set(id, flow$.subscribe({ error: cut, complete: done }));
    }
  }

  #grant(kind: string, id: number, { name }: TestConnection, loan: Loan): void {
    this.answers.push(`${kind} on ${name}: ${id}`);
    this.grants.set(id, name);
    this.loans.set(id, loan);
  }

  #work(id: number, connection: TestConnection, context: UseContext): Promise<void> {
    return new Promise((finish) => this.#grant('use', id, connection, { signal: signalOf(id, context), finish }));
  }

  #flow(id: number, connection: TestConnection, context: UseContext): Observable<never> {
    return new Observable((subscriber) => {
      const finish = (): void => subscriber.complete();
      this.#grant('flow', id, connection, { signal: signalOf(id, context), finish });
    });
  }

  leased(id: number, lease: Lease<TestConnection>): void {
    const { connection, signal } = lease;
    this.#grant('lease', id, connection, { signal, lease, finish: () => lease.release() });
  }

  finish({ id }: ModelCaller): void {
    this.loans.get(id)?.finish();
    this.loans.delete(id);
  }

  /** Ids of callers that hold a connection, have read their signal, and whose signal is aborted. */
  get told(): number[] {
    const told = [...this.loans].filter(([, { signal }]) => signal?.aborted);
    return told.map(([id]) => id);
  }
}

/** Options of a call. */
export interface Asking {
  readonly waitTimeout?: number | undefined;
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const codeOf = (reason: unknown): string => (reason as { readonly code?: string }).code ?? String(reason);

/** The signal is created when first read: every other caller does not read it. */
const signalOf = (id: number, context: UseContext): AbortSignal | undefined =>
  asksForSignal(id) ? context.signal : undefined;

export const asksForSignal = (id: number): boolean => id % 2 === 0;
