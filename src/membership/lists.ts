import { type Observable, Subject } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { DIFFS, type ListDiff } from '../streams/list-diff.js';
import { type Live, live, startWithCurrent } from '../streams/live.js';
import type { Turns } from '../streams/turns.js';
import type { Member, Phase } from './member.js';

/** The members at one moment. */
export interface Snapshot<C> {
  /** All members, in order of joining. */
  readonly connections: readonly C[];
  /** The members that are connected and in service. */
  readonly connected: readonly C[];
  /** The members that failed or were lost. Members that are being dialled are not included. */
  readonly broken: readonly C[];
}

interface Entry<C> {
  readonly connection: C;
  readonly seq: number;
}

/**
 * Connections in order of joining, and a frozen array of them that is built when it is read. Before the first reading,
 * the order is not kept either.
 */
class OrderedList<C extends Connection> {
  /** Two arrays in one order, so that a reading only copies the connections. */
  #connections: C[] | undefined;
  #seqs: number[] = [];
  #array: readonly C[] | undefined;
  readonly #build: () => Entry<C>[];

  /** @param build - the entries, in order, for the first reading. */
  constructor(build: () => Entry<C>[]) {
    this.#build = build;
  }

  get array(): readonly C[] {
    this.#array ??= Object.freeze(this.#ordered().slice());
    return this.#array;
  }

  get entries(): Entry<C>[] {
    return this.#ordered().map((connection, place) => ({ connection, seq: this.#seqs[place] as number }));
  }

  add({ connection, seq }: Entry<C>): void {
    this.#array = undefined;
    const connections = this.#connections;
    if (!connections) return;
    const place = this.#placeOf(seq);
    if (place === connections.length) {
      connections.push(connection);
      this.#seqs.push(seq);
    } else {
      connections.splice(place, 0, connection);
      this.#seqs.splice(place, 0, seq);
    }
  }

  delete({ seq }: Entry<C>): void {
    this.#array = undefined;
    const connections = this.#connections;
    if (!connections) return;
    const place = this.#placeOf(seq);
    connections.splice(place, 1);
    this.#seqs.splice(place, 1);
  }

  #ordered(): C[] {
    if (!this.#connections) {
      const entries = this.#build();
      this.#connections = entries.map(({ connection }) => connection);
      this.#seqs = entries.map(({ seq }) => seq);
    }
    return this.#connections;
  }

  /**
   * The first position whose connection joined no earlier. Searches from the end, where most connections join and
   * leave.
   */
  #placeOf(seq: number): number {
    const seqs = this.#seqs;
    let from = 0;
    let to = seqs.length;
    if (to === 0 || (seqs[to - 1] as number) < seq) return to;
    if (seqs[to - 1] === seq) return to - 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((seqs[middle] as number) < seq) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** What has entered and left a list since some moment, each with its position in the order of joining. */
class Difference<C> {
  readonly entered = new Map<C, number>();
  readonly left = new Map<C, number>();

  enter({ connection, seq }: Entry<C>): void {
    // A connection that left and came back has not changed, unless it joined anew at another position.
    if (this.left.get(connection) === seq) this.left.delete(connection);
    else this.entered.set(connection, seq);
  }

  leave({ connection, seq }: Entry<C>): void {
    if (!this.entered.delete(connection)) this.left.set(connection, seq);
  }

  get isEmpty(): boolean {
    return this.entered.size === 0 && this.left.size === 0;
  }
}

/** One of the pool's lists as a stream of arrays; it also offers its diffs. */
class ListStream<C extends Connection> {
  readonly observable: Observable<readonly C[]>;
  /** Changes that subscribers have not been shown yet. */
  #unshown = new Difference<C>();
  /** The changes that the current flush shows, and which halves of it are still to come. */
  #flushing:
    | { readonly diff: Difference<C>; target: readonly C[] | undefined; left: boolean; entered: boolean }
    | undefined;
  #shown: readonly C[] | undefined;
  #flushed: readonly C[] | undefined;
  #hasEnded = false;
  readonly #arrays = new Subject<readonly C[]>();
  readonly #diffs = new Subject<ListDiff<C>>();

  constructor(
    readonly list: OrderedList<C>,
    /** Whether changes are recorded: true while any list of the pool has a subscriber. */
    readonly recording: { isOn: boolean },
    turns: Turns,
    observersChanged: () => void,
  ) {
    const stream = <T>(subject: Subject<T>, current: () => T): Observable<T> =>
      startWithCurrent(turns, subject, {
        current,
        hasEnded: () => this.#hasEnded,
        observersChanged: () => {
          if (!this.observed) this.#shown = undefined;
          observersChanged();
        },
      });
    const diffs = stream(this.#diffs, () => ({ added: this.#start(), removed: [] }));
    this.observable = Object.assign(
      stream(this.#arrays, () => this.#start()),
      { [DIFFS]: diffs },
    );
  }

  get observed(): boolean {
    return this.#arrays.observed || this.#diffs.observed;
  }

  /** The list after the latest flush, or after the one under way. The same array until a flush changes it. */
  get flushed(): readonly C[] {
    this.#flushed ??= this.#rewound(false);
    return this.#flushed;
  }

  entered(entry: Entry<C>): void {
    this.list.add(entry);
    if (this.recording.isOn) this.#unshown.enter(entry);
    else this.#flushed = undefined;
  }

  left(entry: Entry<C>): void {
    this.list.delete(entry);
    if (this.recording.isOn) this.#unshown.leave(entry);
    else this.#flushed = undefined;
  }

  forgetChanges(): void {
    if (this.#unshown.isEmpty) return;
    this.#unshown = new Difference();
    this.#flushed = undefined;
  }

  /** Fixes what this flush shows. The next flush shows the changes that nested calls make from here on. */
  beginFlush(): void {
    const diff = this.#unshown;
    if (diff.isEmpty) return;
    this.#unshown = new Difference();
    this.#flushed = undefined;
    const target = this.observed ? this.list.array : undefined;
    this.#flushing = { diff, target, left: diff.left.size > 0, entered: diff.entered.size > 0 };
  }

  showWithoutLeft(): void {
    const flushing = this.#flushing;
    if (!flushing?.left) return;
    flushing.left = false;
    if (!this.observed) return;
    const { diff, entered } = flushing;
    const target = this.#target(flushing);
    const array = entered ? Object.freeze(target.filter((connection) => !diff.entered.has(connection))) : target;
    this.#show(array, { added: [], removed: [...diff.left.keys()] });
  }

  showEntered(): void {
    const flushing = this.#flushing;
    this.#flushing = undefined;
    if (!flushing?.entered || !this.observed) return;
    this.#show(this.#target(flushing), { added: [...flushing.diff.entered.keys()], removed: [] });
  }

  #target(flushing: { target: readonly C[] | undefined }): readonly C[] {
    flushing.target ??= this.#rewound(false);
    return flushing.target;
  }

  /** The first value for a new subscriber: what the other subscribers of the lists have been shown so far. */
  #start(): readonly C[] {
    if (!this.#shown || !this.observed) this.#shown = this.#rewound(true);
    return this.#shown;
  }

  /**
   * The list without the changes that have not been shown; with `beforeFlush`, also without those of the current flush.
   */
  #rewound(beforeFlush: boolean): readonly C[] {
    const flushing = beforeFlush ? this.#flushing : undefined;
    if (this.#unshown.isEmpty && !flushing?.left && !flushing?.entered) return this.list.array;
    let entries = rewind(this.list.entries, this.#unshown, true, true);
    if (flushing) entries = rewind(entries, flushing.diff, flushing.left, flushing.entered);
    return Object.freeze(entries.map(({ connection }) => connection));
  }

  #show(array: readonly C[], diff: ListDiff<C>): void {
    this.#shown = array;
    this.#arrays.next(array);
    this.#diffs.next(diff);
  }

  end(): void {
    this.#hasEnded = true;
    this.#shown = undefined;
    this.#arrays.complete();
    this.#diffs.complete();
  }
}

/** The entries before a difference, or before one half of it. */
function rewind<C>(
  entries: readonly Entry<C>[],
  { entered, left }: Difference<C>,
  addsLeft: boolean,
  dropsEntered: boolean,
): Entry<C>[] {
  const before = dropsEntered ? entries.filter(({ connection }) => !entered.has(connection)) : [...entries];
  if (addsLeft) for (const [connection, seq] of left) before.push({ connection, seq });
  return before.sort((a, b) => a.seq - b.seq);
}

type ListName = keyof Snapshot<never>;

/** The lists are shown without what left in this order, and with what entered in the reverse order. */
const LEAVE_ORDER: readonly ListName[] = ['connected', 'broken', 'connections'];
const ENTER_ORDER: readonly ListName[] = ['connections', 'connected', 'broken'];

const LIST_OF: { readonly [P in Phase]?: 'connected' | 'broken' } = {
  serving: 'connected',
  broken: 'broken',
  abandoned: 'broken',
};

/**
 * The membership as lists and streams of lists. A flush shows the lists in two passes: first without what left, then
 * with what entered. So a subscriber that combines them never sees a connection in both `connected$` and `broken$`, or
 * in `connected$` but not in `connections$`.
 */
export class MemberLists<C extends Connection> {
  readonly connections: ListStream<C>;
  readonly connected: ListStream<C>;
  readonly broken: ListStream<C>;
  readonly snapshot: Live<Snapshot<C>>;
  /** The members in service, as a strategy follows them: it is told of changes before the subscribers. */
  readonly candidates: ListStream<C>;
  readonly #recording = { isOn: false };
  readonly #candidateRecording = { isOn: false };
  #snapshot: Snapshot<C> | undefined;

  /** @param members - all of them, in order of joining. */
  constructor(members: Iterable<Member<C>>, turns: Turns) {
    const listOf = (name?: 'connected' | 'broken'): OrderedList<C> =>
      new OrderedList(() => [...members].filter(({ phase }) => !name || LIST_OF[phase] === name));
    const stream = (name?: 'connected' | 'broken'): ListStream<C> =>
      new ListStream(listOf(name), this.#recording, turns, this.#observersChanged);
    this.connections = stream();
    this.connected = stream('connected');
    this.broken = stream('broken');
    this.snapshot = live(turns, () => this.#read(), this.#observersChanged);
    this.candidates = new ListStream(listOf('connected'), this.#candidateRecording, turns, () => {
      this.#candidateRecording.isOn = this.candidates.observed;
    });
  }

  /** Records a change of a member's phase. Without `from` it joins, without `to` it leaves. */
  changed(member: Member<C>, from: Phase | undefined, to: Phase | undefined): void {
    const before = from && LIST_OF[from];
    const after = to && LIST_OF[to];
    if (from === undefined) this.connections.entered(member);
    if (before !== after) {
      if (before) this[before].left(member);
      if (after) this[after].entered(member);
      if (before === 'connected') this.candidates.left(member);
      if (after === 'connected') this.candidates.entered(member);
    }
    if (to === undefined) this.connections.left(member);
  }

  /** Shows the strategy the changes. */
  flushCandidates(): void {
    const { candidates } = this;
    candidates.beginFlush();
    candidates.showWithoutLeft();
    candidates.showEntered();
  }

  /** Shows subscribers the changes. */
  flush(): void {
    if (!this.#recording.isOn) return;
    for (const name of ENTER_ORDER) this[name].beginFlush();
    for (const name of LEAVE_ORDER) this[name].showWithoutLeft();
    for (const name of ENTER_ORDER) this[name].showEntered();
    this.snapshot.emit();
  }

  /** Completes the streams. */
  end(): void {
    this.candidates.end();
    for (const name of LEAVE_ORDER) this[name].end();
    this.snapshot.end();
  }

  readonly #observersChanged = (): void => {
    const isOn = this.snapshot.observed || ENTER_ORDER.some((name) => this[name].observed);
    if (isOn === this.#recording.isOn) return;
    this.#recording.isOn = isOn;
    // Changes before the first subscriber, or after the last, are not shown.
    for (const name of ENTER_ORDER) this[name].forgetChanges();
    if (!isOn) this.#snapshot = undefined;
  };

  /** The moment that the flush shows, as the lists do: without what nested calls changed since it began. */
  #read(): Snapshot<C> {
    const connections = this.connections.flushed;
    const connected = this.connected.flushed;
    const broken = this.broken.flushed;
    const latest = this.#snapshot;
    if (latest && latest.connections === connections && latest.connected === connected && latest.broken === broken) {
      return latest;
    }
    this.#snapshot = Object.freeze({ connections, connected, broken });
    return this.#snapshot;
  }
}
