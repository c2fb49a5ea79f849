import { throwError } from 'rxjs';
import { KINDS } from '../support/connections.js';
import { names, openRig } from '../support/pools.js';

describe.each(KINDS)('A capacity$ that errors, of $kind', ({ make }) => {
  it('a connection that joins connected, with a capacity$ that errors, is a member before it is broken', async () => {
    const { pool, events } = await openRig(make, 0);
    const connection = Object.assign(make('accept', '#1'), { capacity$: throwError(() => new Error('of the stream')) });
    await connection.connect();
    const shown: string[] = [];
    pool.connections$.subscribe((all) => shown.push(`connections ${names(all)}`));
    pool.broken$.subscribe((all) => shown.push(`broken ${names(all)}`));
    shown.length = 0;
    void pool.extendPoolByConnections([connection]);
    expect(shown.slice(0, 2)).toEqual(['connections #1', 'broken #1']);
    const told = events.map(({ type }) => type);
    expect(told.filter((type) => type === 'joined' || type === 'lost')).toEqual(['joined', 'lost']);
  });
});
