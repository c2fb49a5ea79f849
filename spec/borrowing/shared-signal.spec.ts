import { getEventListeners } from 'node:events';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

/** As in a server, where one signal stops all work. */
describe('One AbortSignal for many calls', () => {
  it('signal shared by 50 use() calls, ready() and setup(): has one abort listener, and none when they ended', async () => {
    const pool = new ConnectionPool(1, () => new ScriptedConnection());
    await pool.setup();
    const { signal } = new AbortController();
    const ends: (() => void)[] = [];
    const work = (): Promise<void> => new Promise((end) => ends.push(end));
    const uses = Array.from({ length: 50 }, () => pool.use(work, { signal }));
    const others = [pool.ready({ min: 2, signal }).catch(() => {}), pool.setup({ signal })];
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const end of ends) end();
    await Promise.all(uses);
    await pool.dispose();
    await Promise.all(others);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('signal shared by 20 use() calls: abort rejects all of them with its reason', async () => {
    const pool = new ConnectionPool(1, () => new ScriptedConnection());
    await pool.setup();
    const controller = new AbortController();
    const { signal } = controller;
    const uses = Array.from({ length: 20 }, () => pool.use(() => new Promise(() => {}), { signal }));
    const reason = new Error('stop');
    controller.abort(reason);
    const ends = await Promise.allSettled(uses);
    expect(ends.every((end) => end.status === 'rejected' && end.reason === reason)).toBe(true);
    await pool.close({ drainTimeout: 0 });
  });
});
