import { Inject, Injectable } from '@nestjs/common';
import { ZcachedClient } from 'rxpool/zcached';
import { UsersPool } from './users.pool.js';

export interface User {
  readonly name: string;
}

@Injectable()
export class UsersService {
  readonly #client: ZcachedClient<'json', UsersPool>;

  // A class that is imported for its type alone could not be a token: @Inject() names it.
  constructor(@Inject(UsersPool) pool: UsersPool) {
    this.#client = new ZcachedClient(pool, { encoding: 'json' });
  }

  async find(id: string): Promise<User | undefined> {
    return this.#client.get<User>(`user:${id}`, { timeout: 1_000 });
  }

  async save(id: string, user: User): Promise<void> {
    await this.#client.set(`user:${id}`, user, { timeout: 1_000 });
  }
}
