import { ConnectionPool } from 'rxpool';
import type { ZcachedConnection } from 'rxpool/zcached';

/** The token that the pool is injected by, with the type of its connections. */
export abstract class UsersPool extends ConnectionPool<ZcachedConnection> {}
