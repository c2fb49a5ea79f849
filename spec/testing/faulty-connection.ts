import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BehaviorSubject, filter, type Observable, Subject } from 'rxjs';
import type { Connection, ConnectionState, ErrorClass } from 'rxpool';
import { linesOf } from './line-server.js';

/** One mistake each, that a connection written by hand may have. */
export const FAULTS = [
  'state$ emits nothing to a new subscriber',
  'the first state is closed',
  'connect() resolves before it is connected',
  'connecting is left out',
  'two calls of connect() dial twice',
  'connect() dials again while connected',
  'connect() throws',
  'connect() resolves although it was refused',
  'a refused dial stays connecting',
  'a broken connection has no cause',
  'the cause stays after another dial',
  'a broken connection does not dial again',
  'a closed connection does not dial again',
  'close() changes the state later',
  'close() leaves the socket open',
  'a second close() rejects',
  'close() waits for the server',
  'close() leaves a dial under way unsettled',
  'close() leaves the socket of a dial open',
  'a dial that comes late is connected after all',
  'a loss without work is not noticed',
  'a loss leaves requests unsettled',
  'a loss leaves the count',
  'requests are not counted',
  'given-up requests count for ever',
  'an earlier socket breaks the next session',
  'state$ completes on close()',
  'the name changes',
  'ping() asks nothing',
  'ping() says false',
  'ping() leaves a listener',
  'classify() throws',
  'classify() invents a word',
  'draining breaks the connection',
  'draining is not told',
  'capacity$ emits nothing to a new subscriber',
  'each dial leaves a listener',
] as const;

export type Fault = (typeof FAULTS)[number];

interface Request {
  readonly resolve: (line: string) => void;
  readonly reject: (cause: unknown) => void;
  isOwed: boolean;
}

/** What outlives every connection, and what each of them listens to while it is open. */
export const shared = new EventEmitter().setMaxListeners(0);

/** A connection to a `LineServer`, written by hand: right, but for the fault that it is given. */
export class FaultyConnection implements Connection {
  readonly state$: Observable<ConnectionState>;
  readonly pending$ = new BehaviorSubject(0);
  readonly capacity$: Observable<number>;
  cause: unknown = undefined;
  readonly #state: BehaviorSubject<ConnectionState>;
  readonly #capacity = new BehaviorSubject(Number.POSITIVE_INFINITY);
  #socket: Socket | undefined;
  #dial: { readonly promise: Promise<void>; reject(cause: unknown): void } | undefined;
  #requests: Request[] = [];
  #names = 0;

  constructor(
    readonly port: number,
    readonly fault: Fault | undefined = undefined,
  ) {
    this.#state = new BehaviorSubject<ConnectionState>(this.#has('the first state is closed') ? 'closed' : 'idle');
    const late = <T>(source: BehaviorSubject<T>): Observable<T> => {
      const changes = new Subject<T>();
      let isFirst = true;
      source.subscribe((value) => (isFirst ? undefined : changes.next(value)));
      isFirst = false;
      return changes;
    };
    this.state$ = this.#has('state$ emits nothing to a new subscriber')
      ? late(this.#state)
      : this.#has('connecting is left out')
        ? this.#state.pipe(filter((state) => state !== 'connecting'))
        : this.#state;
    this.capacity$ = this.#has('capacity$ emits nothing to a new subscriber') ? late(this.#capacity) : this.#capacity;
  }

  get name(): string {
    return this.#has('the name changes') ? `line ${this.#names++}` : 'line';
  }

  get state(): ConnectionState {
    return this.#state.value;
  }

  connect(): Promise<void> {
    const isUp = this.state === 'connected' || this.state === 'draining';
    if (isUp && !this.#has('connect() dials again while connected')) return Promise.resolve();
    if (this.#dial && !this.#has('two calls of connect() dial twice')) return this.#dial.promise;
    if (this.#has('connect() throws')) {
      if (this.#names++ === 0) throw new Error('thrown by connect()');
    }
    if (this.state === 'broken' && this.#has('a broken connection does not dial again')) return Promise.resolve();
    if (this.state === 'closed' && this.#has('a closed connection does not dial again')) return Promise.resolve();
    const dialled = this.#open();
    if (this.#has('connect() resolves before it is connected')) {
      dialled.catch(() => {});
      return Promise.resolve();
    }
    return this.#has('connect() resolves although it was refused') ? dialled.catch(() => {}) : dialled;
  }

  close(): Promise<void> {
    if (this.#has('a second close() rejects') && this.state === 'closed') return Promise.reject(new Error('closed'));
    const socket = this.#socket;
    const dial = this.#dial;
    const end = (): void => this.#end('closed', new Error('closed'));
    if (this.#has('close() changes the state later')) setImmediate(end);
    else end();
    if (dial && !this.#has('close() leaves a dial under way unsettled')) dial.reject(new Error('closed in a dial'));
    const leaves = dial
      ? this.#has('close() leaves the socket of a dial open') ||
        this.#has('a dial that comes late is connected after all')
      : this.#has('close() leaves the socket open');
    if (socket && this.#has('close() waits for the server')) {
      return new Promise((resolve) => socket.once('close', () => resolve()).end());
    }
    if (!leaves) socket?.destroy();
    if (this.#has('state$ completes on close()')) this.#state.complete();
    return Promise.resolve();
  }

  /** Sends a line that the server answers. */
  ask(line: string, signal?: AbortSignal): Promise<string> {
    const socket = this.#socket;
    if (!socket || this.state === 'closed' || this.state === 'broken')
      return Promise.reject(new Error('not connected'));
    return new Promise((resolve, reject) => {
      const request: Request = { resolve, reject, isOwed: true };
      this.#requests.push(request);
      this.#count();
      const aborted = (): void => {
        reject(signal?.reason);
        if (this.#has('given-up requests count for ever')) request.isOwed = false;
      };
      signal?.addEventListener('abort', aborted, { once: true });
      const settle = (settled: () => void): void => {
        if (!this.#has('ping() leaves a listener')) signal?.removeEventListener('abort', aborted);
        settled();
      };
      Object.assign(request, {
        resolve: (answer: string) => settle(() => resolve(answer)),
        reject: (cause: unknown) => settle(() => reject(cause)),
      });
      socket.write(`${line}\n`);
    });
  }

  async ping({ signal }: { readonly signal: AbortSignal }): Promise<unknown> {
    if (this.#has('ping() asks nothing')) return undefined;
    const answer = await this.ask('PING', signal);
    return this.#has('ping() says false') ? false : answer;
  }

  classify(error: unknown): ErrorClass | undefined {
    if (this.#has('classify() throws')) return (error as Error).message.startsWith('x') ? 'fatal' : undefined;
    return this.#has('classify() invents a word') ? ('unsure' as ErrorClass) : undefined;
  }

  #has(fault: Fault): boolean {
    return this.fault === fault;
  }

  #count(): void {
    if (this.#has('requests are not counted')) return;
    this.pending$.next(this.#requests.length);
  }

  #go(state: ConnectionState): void {
    if (this.state !== state) this.#state.next(state);
  }

  #open(): Promise<void> {
    let settle!: { resolve(): void; reject(cause: unknown): void };
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    const dial = { promise, reject: settle.reject };
    this.#dial = dial;
    this.#socket = socket;
    const stop = (): void => void shared.off('shutdown', stop);
    shared.on('shutdown', stop);
    if (!this.#has('each dial leaves a listener')) socket.once('close', stop);
    if (!this.#has('the cause stays after another dial')) this.cause = undefined;
    this.#go('connecting');
    const failed = (cause: unknown): void => {
      if (socket !== this.#socket && !this.#has('an earlier socket breaks the next session')) return;
      if (this.#dial === dial) {
        settle.reject(cause);
        if (this.#has('a refused dial stays connecting')) {
          this.#dial = this.#socket = undefined;
          return;
        }
      } else if (this.#has('a loss without work is not noticed') && this.#requests.length === 0) return;
      this.#end('broken', cause);
    };
    socket.on('error', failed).on('close', () => failed(new Error('hung up')));
    socket.on('connect', () => socket.write('HELLO\n'));
    linesOf(socket).on('line', (line: string) => {
      const isCurrent = socket === this.#socket || this.#has('a dial that comes late is connected after all');
      if (!isCurrent) return;
      if (line.startsWith('HELLO')) {
        this.#socket = socket;
        this.#dial = undefined;
        this.#capacity.next(Number(line.split(' ')[1]));
        this.#go('connected');
        settle.resolve();
      } else if (line === 'DRAIN') {
        if (this.#has('draining breaks the connection')) this.#end('broken', new Error('drained'));
        else if (!this.#has('draining is not told')) this.#go('draining');
      } else this.#answered(line);
    });
    return promise;
  }

  #answered(line: string): void {
    const request = this.#requests[0];
    if (request?.isOwed === false) return;
    this.#requests.shift();
    this.#count();
    request?.resolve(line);
  }

  #end(state: 'broken' | 'closed', cause: unknown): void {
    if (state === 'broken') this.#socket?.destroy();
    this.cause = state === 'broken' && !this.#has('a broken connection has no cause') ? cause : undefined;
    this.#socket = undefined;
    this.#dial = undefined;
    const requests = this.#requests;
    if (!this.#has('a loss leaves the count')) this.#requests = [];
    this.#go(state);
    if (!this.#has('a loss leaves requests unsettled')) for (const { reject } of requests) reject(cause);
    this.#count();
  }
}
