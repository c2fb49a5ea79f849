import { BaseConnection, ConnectionClosedError, ConnectionPool, type ConnectionState } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

interface Transport {
  readonly number: number;
}

/** A connection whose transports a test opens, fails and loses. */
class Handmade extends BaseConnection<Transport> {
  readonly log: string[] = [];
  readonly signals: AbortSignal[] = [];
  readonly verdicts: { open(transport?: Transport): void; fail(cause: unknown): void }[] = [];
  shutting: () => Promise<void> | void = () => {};

  override begin(): void {
    super.begin();
  }

  override end(): void {
    super.end();
  }

  lose(transport: Transport, cause: unknown): void {
    this.lost(transport, cause);
  }

  finish(transport: Transport): void {
    this.draining(transport);
  }

  get current(): Transport | undefined {
    return this.transport;
  }

  protected override open(signal: AbortSignal): Promise<Transport> {
    const number = this.signals.push(signal);
    this.log.push(`open ${number}`);
    return new Promise((resolve, reject) => {
      this.verdicts.push({ open: (transport = { number }) => resolve(transport), fail: reject });
    });
  }

  protected override shut({ number }: Transport): Promise<void> | void {
    this.log.push(`shut ${number}`);
    return this.shutting();
  }
}

async function connected(): Promise<Handmade> {
  const connection = new Handmade();
  const dial = connection.connect();
  connection.verdicts[0]?.open();
  await dial;
  return connection;
}

const statesOf = (connection: BaseConnection<object>): ConnectionState[] => {
  const states: ConnectionState[] = [];
  connection.state$.subscribe((state) => states.push(state));
  return states;
};

describe('a BaseConnection', () => {
  it('a new BaseConnection is idle, with pending 0 and no cause', () => {
    const connection = new Handmade();
    expect([connection.state, connection.pending, connection.cause]).toEqual(['idle', 0, undefined]);
    expect(connection.current).toBeUndefined();
  });

  it('draining() of the open transport: the state is draining, and the transport stays open until the pool has drained it', async () => {
    const connection = await connected();
    const states = statesOf(connection);
    const first = connection.current as Transport;
    connection.begin();
    connection.finish(first);
    expect([states, connection.current, connection.cause]).toEqual([['connected', 'draining'], first, undefined]);
    await expect(connection.connect()).resolves.toBeUndefined();
    connection.end();
    await connection.close();
    expect([states, connection.log]).toEqual([
      ['connected', 'draining', 'closed'],
      ['open 1', 'shut 1'],
    ]);
  });

  it('draining() of a transport that is not open any more changes nothing', async () => {
    const connection = await connected();
    const first = connection.current as Transport;
    connection.lose(first, new Error('gone'));
    connection.finish(first);
    expect(connection.state).toBe('broken');
    const redial = connection.connect();
    connection.finish(first);
    expect(connection.state).toBe('connecting');
    connection.verdicts[1]?.open();
    await redial;
    connection.finish(first);
    expect(connection.state).toBe('connected');
  });

  it('state$ emits idle, connecting, connected, broken and closed over dials, a loss and close()', async () => {
    const connection = new Handmade();
    const states = statesOf(connection);
    const dial = connection.connect();
    connection.verdicts[0]?.open({ number: 1 });
    await dial;
    connection.lose(connection.current as Transport, new Error('gone'));
    const redial = connection.connect();
    connection.verdicts[1]?.fail(new Error('refused'));
    await redial.catch(() => {});
    await connection.close();
    const last = connection.connect();
    connection.verdicts[2]?.open();
    await last;
    expect(states).toEqual([
      'idle',
      'connecting',
      'connected',
      'broken',
      'connecting',
      'broken',
      'closed',
      'connecting',
      'connected',
    ]);
  });

  describe('connect()', () => {
    it('connect() resolves once the transport is open, with state connected', async () => {
      const connection = new Handmade();
      const dial = watch(connection.connect());
      expect(connection.state).toBe('connecting');
      await settle();
      expect(dial.status).toBe('pending');
      connection.verdicts[0]?.open();
      await settle();
      expect([dial.status, connection.state, connection.current?.number]).toEqual(['resolved', 'connected', 1]);
    });

    it('connect() rejects with the cause, which the connection keeps until the next dial', async () => {
      const connection = new Handmade();
      const refusal = new Error('refused');
      const dial = connection.connect();
      connection.verdicts[0]?.fail(refusal);
      await expect(dial).rejects.toBe(refusal);
      expect([connection.state, connection.cause]).toEqual(['broken', refusal]);
      void connection.connect();
      expect(connection.cause).toBeUndefined();
    });

    it('connect() rejects with the error that open() throws', async () => {
      const mistake = new Error('thrown, not rejected');
      class Throwing extends Handmade {
        protected override open(): Promise<Transport> {
          throw mistake;
        }
      }
      const connection = new Throwing();
      await expect(connection.connect()).rejects.toBe(mistake);
      expect(connection.state).toBe('broken');
    });

    it('connect() called during a dial shares its attempt', async () => {
      const connection = new Handmade();
      const dials = [connection.connect(), connection.connect(), connection.connect()];
      connection.verdicts[0]?.open();
      await Promise.all(dials);
      expect(connection.log).toEqual(['open 1']);
    });

    it('connect() while connected opens nothing', async () => {
      const connection = await connected();
      await connection.connect();
      expect(connection.log).toEqual(['open 1']);
    });

    it('connect() called by a state$ subscriber at connecting shares the attempt', async () => {
      const connection = new Handmade();
      let inner: Promise<void> | undefined;
      connection.state$.subscribe((state) => {
        if (state === 'connecting') inner = connection.connect();
      });
      const outer = connection.connect();
      connection.verdicts[0]?.open();
      await Promise.all([outer, inner]);
      expect(connection.log).toEqual(['open 1']);
    });
  });

  describe('close()', () => {
    it.each(['idle', 'broken'] as const)(
      'close() moves the state from %s to closed before it returns',
      async (from) => {
        const connection = new Handmade();
        if (from === 'broken') {
          const dial = connection.connect();
          connection.verdicts[0]?.fail(new Error('refused'));
          await dial.catch(() => {});
        }
        expect(connection.state).toBe(from);
        const closing = connection.close();
        expect([connection.state, connection.cause]).toEqual(['closed', undefined]);
        await closing;
      },
    );

    it('close() called twice shuts the transport once, and both calls wait for that', async () => {
      const connection = await connected();
      let shut!: () => void;
      connection.shutting = () => new Promise((resolve) => (shut = resolve));
      const closings = [watch(connection.close()), watch(connection.close())];
      expect([connection.state, connection.current]).toEqual(['closed', undefined]);
      await settle();
      expect(closings.map(({ status }) => status)).toEqual(['pending', 'pending']);
      shut();
      await settle();
      expect(closings.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
      expect(connection.log).toEqual(['open 1', 'shut 1']);
    });

    it('close() rejects when shut() throws, and the state is closed', async () => {
      const connection = await connected();
      connection.shutting = () => {
        throw new Error('stuck');
      };
      await expect(connection.close()).rejects.toThrow('stuck');
      expect(connection.state).toBe('closed');
    });

    it('close() during a dial rejects it, aborts its signal and shuts the transport that opens late', async () => {
      const connection = new Handmade();
      const states = statesOf(connection);
      const dial = connection.connect();
      await connection.close();
      await expect(dial).rejects.toBeInstanceOf(ConnectionClosedError);
      expect(connection.signals[0]?.reason).toBeInstanceOf(ConnectionClosedError);
      connection.verdicts[0]?.open();
      await settle();
      expect(connection.log).toEqual(['open 1', 'shut 1']);
      expect(states).toEqual(['idle', 'connecting', 'closed']);
    });

    it('close() during a dial leaves the state closed, without a cause, when that dial fails afterwards', async () => {
      const connection = new Handmade();
      const dial = connection.connect();
      await connection.close();
      connection.verdicts[0]?.fail(new Error('late'));
      await expect(dial).rejects.toBeInstanceOf(ConnectionClosedError);
      await settle();
      expect([connection.state, connection.cause]).toEqual(['closed', undefined]);
    });

    it('close() called by a state$ subscriber at connecting keeps open() from being called', async () => {
      const connection = new Handmade();
      connection.state$.subscribe((state) => {
        if (state === 'connecting') void connection.close();
      });
      await expect(connection.connect()).rejects.toBeInstanceOf(ConnectionClosedError);
      expect([connection.state, connection.log]).toEqual(['closed', []]);
    });

    it('connect() right after close() keeps its own transport and shuts the late one of the first dial', async () => {
      const connection = new Handmade();
      const first = connection.connect().catch((cause: unknown) => cause);
      void connection.close();
      const second = connection.connect();
      connection.verdicts[1]?.open();
      await second;
      connection.verdicts[0]?.open();
      await settle();
      expect(await first).toBeInstanceOf(ConnectionClosedError);
      expect([connection.state, connection.current?.number]).toEqual(['connected', 2]);
      expect(connection.log).toEqual(['open 1', 'open 2', 'shut 1']);
    });
  });

  describe('lost()', () => {
    it('lost() called twice makes the state broken with the first cause and shuts the transport once', async () => {
      const connection = await connected();
      const cause = new Error('gone');
      const transport = connection.current as Transport;
      connection.lose(transport, cause);
      connection.lose(transport, new Error('and again'));
      expect([connection.state, connection.cause, connection.current]).toEqual(['broken', cause, undefined]);
      await settle();
      expect(connection.log).toEqual(['open 1', 'shut 1']);
    });

    it('lost() leaves the state broken when shut() rejects', async () => {
      const connection = await connected();
      connection.shutting = () => Promise.reject(new Error('stuck'));
      connection.lose(connection.current as Transport, new Error('gone'));
      await settle();
      expect(connection.state).toBe('broken');
    });

    it('lost() for an old transport is ignored after a redial and after close()', async () => {
      const connection = await connected();
      const old = connection.current as Transport;
      connection.lose(old, new Error('gone'));
      const redial = connection.connect();
      connection.verdicts[1]?.open();
      await redial;
      connection.lose(old, new Error('an echo'));
      expect([connection.state, connection.current?.number]).toEqual(['connected', 2]);
      await connection.close();
      connection.lose(old, new Error('an echo'));
      expect(connection.state).toBe('closed');
    });

    it('lost() before the dial has settled rejects connect(), and state$ never emits connected', async () => {
      const connection = new Handmade();
      const states = statesOf(connection);
      const dial = connection.connect();
      const transport = { number: 1 };
      const cause = new Error('reset');
      connection.lose(transport, cause);
      connection.verdicts[0]?.open(transport);
      await expect(dial).rejects.toBe(cause);
      expect(states).toEqual(['idle', 'connecting', 'broken']);
      expect(connection.cause).toBe(cause);
      await settle();
      expect(connection.log).toEqual(['open 1', 'shut 1']);
    });

    it('connect() can open the same transport object again after lost()', async () => {
      const connection = new Handmade();
      const transport = { number: 1 };
      for (let life = 0; life < 3; life++) {
        const dial = connection.connect();
        connection.verdicts[life]?.open(transport);
        await dial;
        connection.lose(transport, new Error('gone'));
        connection.lose(transport, new Error('the second event of the same loss'));
      }
      const dial = connection.connect();
      connection.verdicts[3]?.open(transport);
      await expect(dial).resolves.toBeUndefined();
    });
  });

  it('close() waits for shut() of a transport that was lost before', async () => {
    const connection = new Handmade();
    const connecting = connection.connect();
    connection.verdicts[0]?.open();
    await connecting;
    let shut!: () => void;
    connection.shutting = () =>
      new Promise((resolve) => {
        shut = resolve;
      });
    connection.lose(connection.current as Transport, new Error('lost'));
    let closed = false;
    void connection.close().then(() => {
      closed = true;
    });
    await settle();
    expect([connection.state, closed]).toEqual(['closed', false]);
    shut();
    await settle();
    expect([closed, connection.log]).toEqual([true, ['open 1', 'shut 1']]);
  });

  describe('pending', () => {
    it('pending goes up with begin() and down with end(), and never below 0', () => {
      const connection = new Handmade();
      const seen: number[] = [];
      connection.pending$.subscribe((pending) => seen.push(pending));
      connection.end();
      connection.begin();
      connection.begin();
      connection.end();
      connection.end();
      connection.end();
      connection.begin();
      expect(seen).toEqual([0, 1, 2, 1, 0, 1]);
      expect(connection.pending).toBe(1);
    });

    it('pending$ replays the current count and emits nothing after unsubscribe', () => {
      const connection = new Handmade();
      connection.begin();
      const seen: number[] = [];
      const subscription = connection.pending$.subscribe((pending) => seen.push(pending));
      subscription.unsubscribe();
      connection.begin();
      expect(seen).toEqual([1]);
    });
  });

  describe('state$', () => {
    it('state$ replays the current state and emits nothing after unsubscribe', async () => {
      const connection = await connected();
      const seen: ConnectionState[] = [];
      const subscription = connection.state$.subscribe((state) => seen.push(state));
      subscription.unsubscribe();
      await connection.close();
      expect(seen).toEqual(['connected']);
      expect(statesOf(connection)).toEqual(['closed']);
    });

    it('state$ emits each state once to a subscriber that changes it in its first next()', () => {
      const connection = new ScriptedConnection({ onDial: 'wait' });
      const seen: ConnectionState[] = [];
      connection.state$.subscribe((state) => {
        seen.push(state);
        if (state === 'idle') void connection.connect().catch(() => {});
        if (state === 'connecting') void connection.close();
      });
      expect(seen).toEqual(['idle', 'connecting', 'closed']);
    });

    it('state$ skips a state that an earlier subscriber has changed already', () => {
      const connection = new ScriptedConnection({ onDial: 'wait' });
      const seen: string[][] = [[], []];
      connection.state$.subscribe((state) => {
        seen[0]?.push(state);
        if (state === 'connecting') void connection.close();
      });
      connection.state$.subscribe((state) => seen[1]?.push(state));
      connection.connect().catch(() => {});
      expect(seen).toEqual([
        ['idle', 'connecting', 'closed'],
        ['idle', 'closed'],
      ]);
    });

    it('state$ tells a subscriber nothing after another subscriber has unsubscribed it in next()', () => {
      const connection = new ScriptedConnection({ onDial: 'wait' });
      const seen: string[][] = [[], []];
      connection.state$.subscribe((state) => {
        seen[0]?.push(state);
        if (state === 'connecting') second.unsubscribe();
      });
      const second = connection.state$.subscribe((state) => seen[1]?.push(state));
      connection.connect().catch(() => {});
      void connection.close();
      expect(seen).toEqual([['idle', 'connecting', 'closed'], ['idle']]);
    });

    it('state$ emits each state once to a subscriber added inside next()', () => {
      const connection = new ScriptedConnection({ onDial: 'wait' });
      const seen: ConnectionState[] = [];
      connection.state$.subscribe((state) => {
        if (state === 'connecting') connection.state$.subscribe((inner) => seen.push(inner));
      });
      connection.connect().catch(() => {});
      expect(seen).toEqual(['connecting']);
      void connection.close();
      expect(seen).toEqual(['connecting', 'closed']);
    });
  });
});

describe('a BaseConnection whose requests fail inside shut()', () => {
  /** Its request fails inside `shut()`, and `onFailed` acts at once. */
  class Immediate extends BaseConnection<object> {
    onFailed: () => void = () => {};

    send(): void {
      this.begin();
    }

    lose(): void {
      if (this.transport) this.lost(this.transport, new Error('lost'));
    }

    protected override open(): Promise<object> {
      return Promise.resolve({});
    }

    protected override shut(): void {
      this.end();
      this.onFailed();
    }
  }

  it.each(['lose', 'close'] as const)(
    '%s() takes the connection out of service before its requests fail',
    async (way) => {
      const made = [new Immediate(), new Immediate()] as const;
      const all = [...made];
      const pool = new ConnectionPool(2, () => all.shift() as Immediate, { heal: false });
      await pool.setup();
      for (const connection of made) connection.send();
      let next: Immediate | undefined;
      made[0].onFailed = () => {
        next = pool.getLeastLoadedConnection();
      };
      void made[0][way]();
      expect(next).toBe(made[1]);
      await pool.dispose();
    },
  );

  it('state$ and pending$ are the same observables at each read', () => {
    const connection = new Immediate();
    expect(connection.state$).toBe(connection.state$);
    expect(connection.pending$).toBe(connection.pending$);
  });
});
