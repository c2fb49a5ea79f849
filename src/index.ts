export { BaseConnection } from './connection/base-connection.js';
export type { Connection, ConnectionState, Outcome } from './connection/connection.js';
