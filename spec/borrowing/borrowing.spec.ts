import { ScriptedConnection } from 'rxpool/testing';
import { Borrowing } from '../../src/borrowing/borrowing.js';
import { cellOf } from '../../src/connection/cells.js';

describe('a borrowing whose work never stops', () => {
  it('is told once that its connection is gone, and of nothing after that', async () => {
    const connection = new ScriptedConnection();
    await connection.connect();
    const cell = cellOf(connection);
    const borrowing = new Borrowing(cell, { accept: () => {} });
    const { signal } = borrowing;
    expect(cell.watchers?.size).toBe(1);
    cell.retire('gone');
    expect(signal.reason).toBe('gone');
    expect(cell.watchers).toBeUndefined();
    expect(cell.load).toBe(0);
  });
});
