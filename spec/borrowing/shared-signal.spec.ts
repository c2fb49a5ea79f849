import { getEventListeners } from 'node:events';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

/** A server has one signal that tells all its work to stop. */
describe('one signal for many calls', () => {
  it('is listened to once, and no more when they have ended', async () => {
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

  it('tells all of them', async () => {
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
