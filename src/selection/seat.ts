import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import type { Place } from './chooser.js';

/** A place whose load is known until it is left. */
export class Seat<C extends Connection> implements Place<C> {
  protected readonly record: ConnectionRecord<C>;

  constructor(connection: C) {
    this.record = retainRecord(connection);
  }

  get connection(): C {
    return this.record.connection;
  }

  get load(): number {
    return this.record.load;
  }

  leave(): void {
    releaseRecord(this.record.connection);
  }
}
