import assert from 'node:assert/strict';
import fc from 'fast-check';
import { WebSocketConnection } from 'rxpool/websocket';
import { VirtualClock } from '../request/virtual-clock.js';
import { scaled } from '../support/scales.js';
import { FakeSocket } from './fake-socket.js';

const USUAL_TIMEOUT = 20;

type Step =
  | { readonly kind: 'ask'; readonly timeout: number; readonly signal: boolean }
  | { readonly kind: 'abort' | 'answer'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'push' | 'turn' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      timeout: fc.integer({ min: 1, max: 40 }),
      signal: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'push' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'turn' as const }) },
);

interface Message {
  readonly id?: number;
  readonly nonce?: number;
}

interface Asked {
  readonly nonce: number;
  readonly timeout: number;
  readonly controller: AbortController;
  settled: 0 | 1 | 2;
  /** When it was given up, in milliseconds of the clock. */
  givenUpAt: number | undefined;
  answers: number;
}

/** A connection over a WebSocket in memory, with its model. A reply has the nonce of its request. */
class Modelled {
  readonly clock = new VirtualClock();
  readonly asked: Asked[] = [];
  readonly messages: Message[] = [];
  readonly connection: WebSocketConnection<{ readonly nonce: number }, Message>;
  expectedMessages = 0;
  heardAt = 0;

  constructor(readonly inOrder: boolean) {
    this.connection = new WebSocketConnection('ws://host', {
      WebSocket: FakeSocket,
      clock: this.clock,
      requestTimeout: USUAL_TIMEOUT,
      unknownId: 'message',
      maxInFlight: 5,
      ...(inOrder && { inOrder: ({ nonce }: Message) => nonce !== undefined }),
    });
    this.connection.messages$.subscribe((message) => this.messages.push(message));
  }

  ask(timeout: number, signal: boolean): void {
    const { clock } = this;
    const controller = new AbortController();
    const nonce = this.asked.length + 1;
    const entry: Asked = { nonce, timeout, controller, settled: 0, givenUpAt: undefined, answers: 0 };
    const due = clock.now() + timeout;
    this.asked.push(entry);
    const settle = (): void => {
      entry.settled++;
    };
    this.connection.request({ nonce }, { timeout, signal: signal ? controller.signal : undefined }).then(
      (reply) => {
        assert.equal(reply.nonce, nonce);
        settle();
      },
      (error: { readonly code: string; readonly sent: string }) => {
        assert.equal(error.sent, this.isSent(entry) ? 'maybe' : 'never');
        // The rejection is heard of a microtask later, when the clock may have moved on past the deadline.
        entry.givenUpAt = Math.min(clock.now(), due);
        settle();
      },
    );
  }

  isSent({ nonce }: Asked): boolean {
    return FakeSocket.latest.sent.some((text) => JSON.parse(text).nonce === nonce);
  }

  /** The server answers a request that it has got: any by id, the next in order. By id it may answer twice. */
  answer(which: number): void {
    const sent = this.asked.filter((entry) => this.isSent(entry));
    const entry = this.inOrder ? sent.find(({ answers }) => answers === 0) : sent[which % Math.max(1, sent.length)];
    if (!entry) return;
    if (!this.inOrder && entry.answers > 0) this.expectedMessages++;
    entry.answers++;
    this.receive({ id: entry.nonce, nonce: entry.nonce });
  }

  push(): void {
    this.expectedMessages++;
    this.receive({});
  }

  receive(message: Message): void {
    this.heardAt = this.clock.now();
    FakeSocket.latest.receive(message);
  }

  check(): void {
    const { connection, asked, clock } = this;
    assert(asked.every(({ settled }) => settled <= 1));
    if (connection.state === 'broken') {
      assert.equal((connection.cause as { code: string }).code, 'ERR_REQUEST_TIMEOUT');
      if (!this.inOrder) assert(clock.now() - this.heardAt >= USUAL_TIMEOUT);
      assert.equal(connection.pending, 0);
      assert(asked.every(({ settled }) => settled === 1));
      assert.equal(FakeSocket.latest.listeners, 0);
      return;
    }
    assert.equal(this.messages.length, this.expectedMessages);
    const owed = asked.filter((entry) => entry.givenUpAt !== undefined && entry.answers === 0 && this.isSent(entry));
    const waiting = asked.filter(({ settled }) => settled === 0).length;
    if (this.inOrder) assert.equal(connection.pending, waiting + owed.length);
    else {
      const remembered = owed.filter(
        ({ givenUpAt = 0, timeout }) => clock.now() < givenUpAt + Math.max(timeout, USUAL_TIMEOUT),
      );
      assert.equal(connection.pending, waiting + remembered.length);
    }
  }
}

async function run(steps: readonly Step[], inOrder: boolean): Promise<void> {
  const model = new Modelled(inOrder);
  await model.connection.connect();
  for (const next of steps) {
    if (model.connection.state !== 'connected') break;
    if (next.kind === 'ask') model.ask(next.timeout, next.signal);
    else if (next.kind === 'abort') model.asked[next.which]?.controller.abort();
    else if (next.kind === 'answer') model.answer(next.which);
    else if (next.kind === 'wait') model.clock.advance(next.ms);
    else if (next.kind === 'push') model.push();
    // Whatever has settled has been heard of after a turn.
    await new Promise((resolve) => setImmediate(resolve));
    model.check();
  }
  const closing = model.connection.close();
  model.clock.advance(1_000);
  await closing;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(model.connection.pending, 0);
  assert(model.asked.every(({ settled }) => settled === 1));
  assert.equal(model.clock.pending, 0);
}

it.each([
  ['by id', false],
  ['in order', true],
])(
  'WebSocketConnection property, %s: each request settles once, with its own reply, whatever is late, doubled or given up',
  async (_, inOrder) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => run(steps, inOrder)),
      { numRuns: scaled('correlation') },
    );
  },
);
