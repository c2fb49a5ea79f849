import { Inject, Injectable } from '@nestjs/common';
import { firstValueFrom, of } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { getPoolToken, InjectPool, PoolStreams, provideFakePool } from 'rxpool/nestjs';
import type { ScriptedConnection } from 'rxpool/testing';
import { ZcachedConnection } from 'rxpool/zcached';
import { compile } from './apps.js';

abstract class UsersPool extends ConnectionPool<ZcachedConnection> {}

@Injectable()
class Users {
  constructor(@InjectPool('users') readonly pool: ConnectionPool<ZcachedConnection>) {}

  async find(id: string): Promise<unknown> {
    return this.pool.use((connection) => connection.send('GET', id));
  }
}

const connection = { send: async (...request: unknown[]) => request.join(' ') };

describe('provideFakePool', () => {
  it('lends the connection that it is given by use, withConnection, lease and tryLease', async () => {
    const app = await compile({ providers: [Users, provideFakePool<ZcachedConnection>('users', { connection })] });
    const { pool } = app.get(Users);
    expect(await app.get(Users).find('ada')).toBe('GET ada');
    expect(await firstValueFrom(pool.withConnection((lent) => of(lent)))).toBe(connection);
    const [lease, other] = [await pool.lease(), pool.tryLease()];
    expect([lease.connection, other?.connection]).toEqual([connection, connection]);
    lease.release();
    expect(pool.getLeastLoadedConnection()).toBe(connection);
  });

  it('without a connection, use rejects with what to give', async () => {
    const app = await compile({ providers: [Users, provideFakePool('users')] });
    await expect(app.get(Users).find('ada')).rejects.toThrow('provideFakePool(name, { connection })');
  });

  it('health is healthy by default, and overrides replace members', async () => {
    const down = { ...(provideFakePool('users').useValue.health as object), status: 'down' } as never;
    const use = async (): Promise<never> => 'Grace' as never;
    const app = await compile({ providers: [Users, provideFakePool('users', { health: down, use })] });
    const { pool } = app.get(Users);
    expect((await firstValueFrom(pool.health$)).status).toBe('healthy');
    expect(pool.health.status).toBe('down');
    expect(await app.get(Users).find('ada')).toBe('Grace');
  });

  it('takes a class as the token, and the default name', async () => {
    @Injectable()
    class Service {
      constructor(
        @Inject(UsersPool) readonly users: UsersPool,
        @InjectPool() readonly other: ConnectionPool<ScriptedConnection>,
      ) {}
    }
    const app = await compile({
      providers: [Service, provideFakePool(UsersPool, { connection }), provideFakePool()],
    });
    expect(await app.get(Service).users.use((lent) => lent.send('PING'))).toBe('PING');
    expect(app.get(Service).other).toBe(app.get(getPoolToken()));
  });

  it('has every member of a pool', () => {
    const fake: object = provideFakePool().useValue;
    const pool = new ConnectionPool(0, () => new ZcachedConnection());
    const members = [...Object.keys(pool), ...Object.getOwnPropertyNames(ConnectionPool.prototype)];
    expect(members.filter((name) => name !== 'constructor' && !(name in fake))).toEqual([]);
  });

  it('PoolStreams gives the streams of a fake', async () => {
    const app = await compile({ providers: [PoolStreams, provideFakePool('users')] });
    const message = await firstValueFrom(app.get(PoolStreams).health('users'));
    expect(message).toMatchObject({ type: 'health', data: { name: 'users', status: 'healthy' } });
  });
});
