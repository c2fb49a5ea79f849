import { BehaviorSubject, Observable } from 'rxjs';
import type { Connection, ConnectionState } from 'rxpool';
import { type DialScript, ScriptedConnection } from 'rxpool/testing';

/** How the promise of `close()` settles. In each case the state is `closed` when the call returns. */
export type CloseScript = 'settle' | 'wait' | 'hang' | 'reject' | 'throw';

/** A connection whose dials, losses and requests a test controls. */
export interface TestConnection extends Connection {
  readonly name: string;
  /** How the next dials end. */
  onDial: DialScript;
  /** How the next closings end. */
  onClose: CloseScript;
  /** Calls of `connect()` that were dials, and of `close()`. */
  readonly dials: number;
  readonly closes: number;
  readonly state: ConnectionState;
  readonly pending: number;
  /** Whether `state$` or `pending$` has a subscriber. */
  readonly observed: boolean;
  /** Lets the dials that wait succeed or fail. */
  accept(): void;
  refuse(cause?: unknown): void;
  /** Lets the closings that wait settle. */
  closed(): void;
  lose(cause?: unknown): void;
  send(): void;
  reply(): void;
}

/** Settles closings by their script. */
class Closings {
  readonly #waiting: (() => void)[] = [];

  async answer(script: CloseScript): Promise<void> {
    if (script === 'reject') throw new Error('close() rejected by the script');
    if (script === 'hang') await new Promise(() => {});
    if (script === 'wait') await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A connection of the library, based on BaseConnection. */
export class OwnConnection extends ScriptedConnection implements TestConnection {
  onClose: CloseScript = 'settle';
  closes = 0;
  #subscribers = 0;
  readonly #state$ = this.#counted(super.state$);
  readonly #pending$ = this.#counted(super.pending$);
  readonly #closings = new Closings();

  override get state$(): Observable<ConnectionState> {
    return this.#state$;
  }

  override get pending$(): Observable<number> {
    return this.#pending$;
  }

  get observed(): boolean {
    return this.#subscribers > 0;
  }

  override close(): Promise<void> {
    this.closes++;
    const closing = super.close();
    if (this.onClose === 'throw') throw new Error('close() threw by the script');
    return Promise.all([closing, this.#closings.answer(this.onClose)]).then(() => {});
  }

  closed(): void {
    this.#closings.settle();
  }

  /** What a failing test prints. */
  toJSON(): string {
    return `${this.name || 'connection'} (${this.state})`;
  }

  #counted<T>(source: Observable<T>): Observable<T> {
    return new Observable((subscriber) => {
      this.#subscribers++;
      subscriber.add(() => this.#subscribers--);
      return source.subscribe(subscriber);
    });
  }
}

/** A third-party connection: only the members of the contract, over two subjects. */
export class SubjectConnection implements TestConnection {
  // Private, because tests replace the public streams.
  readonly #state = new BehaviorSubject<ConnectionState>('idle');
  readonly #pending = new BehaviorSubject(0);
  readonly state$ = this.#state;
  readonly pending$ = this.#pending;
  readonly name: string;
  onDial: DialScript;
  onClose: CloseScript = 'settle';
  cause: unknown = undefined;
  dials = 0;
  closes = 0;
  #attempt: { promise: Promise<void>; accept(): void; refuse(cause: unknown): void } | undefined;
  readonly #closings = new Closings();

  constructor({ onDial = 'accept', name = '' }: { onDial?: DialScript; name?: string } = {}) {
    this.onDial = onDial;
    this.name = name;
  }

  get state(): ConnectionState {
    return this.#state.value;
  }

  get pending(): number {
    return this.#pending.value;
  }

  get observed(): boolean {
    return this.#state.observed || this.#pending.observed;
  }

  connect(): Promise<void> {
    if (this.state === 'connected') return Promise.resolve();
    return this.#attempt?.promise ?? this.#dial();
  }

  close(): Promise<void> {
    this.closes++;
    this.cause = undefined;
    this.#attempt?.refuse(new Error('closed while dialling'));
    this.#pending.next(0);
    if (this.state !== 'closed') this.#state.next('closed');
    if (this.onClose === 'throw') throw new Error('close() threw by the script');
    return this.#closings.answer(this.onClose);
  }

  accept(): void {
    this.#attempt?.accept();
  }

  refuse(cause: unknown = new Error('refused by the script')): void {
    this.#attempt?.refuse(cause);
  }

  closed(): void {
    this.#closings.settle();
  }

  /** What a failing test prints. */
  toJSON(): string {
    return `${this.name || 'connection'} (${this.state})`;
  }

  lose(cause: unknown = new Error('lost by the script')): void {
    if (this.state !== 'connected') return;
    this.cause = cause;
    this.#pending.next(0);
    this.#state.next('broken');
  }

  send(): void {
    this.#pending.next(this.pending + 1);
  }

  reply(): void {
    this.#pending.next(this.pending - 1);
  }

  #dial(): Promise<void> {
    this.dials++;
    this.cause = undefined;
    const promise = new Promise<void>((resolve, reject) => {
      const end = (state: ConnectionState): void => {
        this.#attempt = undefined;
        if (this.state === 'connecting') this.#state.next(state);
      };
      this.#attempt = {
        get promise() {
          return promise;
        },
        accept: () => {
          resolve();
          end('connected');
        },
        refuse: (cause) => {
          this.cause = cause;
          reject(cause);
          end('broken');
        },
      };
    });
    this.#script();
    return promise;
  }

  #script(): void {
    const attempt = this.#attempt;
    const { onDial } = this;
    this.#state.next('connecting');
    if (attempt !== this.#attempt || onDial === 'wait') return;
    void Promise.resolve().then(() => {
      if (attempt !== this.#attempt) return;
      if (onDial === 'accept') this.accept();
      else this.refuse();
    });
  }
}

/** Both kinds, for `describe.each`: a pool treats them alike. */
export const KINDS = [
  {
    kind: "the library's own connections",
    make: (onDial?: DialScript, name?: string): TestConnection => new OwnConnection({ onDial, name }),
  },
  {
    kind: 'connections made of two subjects',
    make: (onDial?: DialScript, name?: string): TestConnection =>
      new SubjectConnection({ ...(onDial && { onDial }), ...(name && { name }) }),
  },
];

export type Make = (typeof KINDS)[number]['make'];
