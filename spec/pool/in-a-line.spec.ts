import { inspect } from 'node:util';
import { ConnectionPool } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';

it('String(pool) and inspecting it give name, status and figures in a line', async () => {
  const named = new ConnectionPool(2, () => new ScriptedConnection(), { name: 'cache' });
  const closed = 'ConnectionPool cache (empty, 0 of 2 connected, 0 pending, 0 waiting)';
  expect([String(named), inspect(named), `${named}`]).toEqual([closed, closed, closed]);
  await named.setup();
  const lease = await named.lease();
  const open = 'ConnectionPool cache (healthy, 2 of 2 connected, 1 pending, 0 waiting)';
  expect([String(named), inspect({ named }, { depth: 5 })]).toEqual([open, `{\n  named: ${open}\n}`]);
  lease.release();
  await named.dispose();
  const unnamed = new ConnectionPool(0, () => new ScriptedConnection());
  expect(String(unnamed)).toBe('ConnectionPool (empty, 0 of 0 connected, 0 pending, 0 waiting)');
});
