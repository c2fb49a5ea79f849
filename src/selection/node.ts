import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord } from '../connection/record.js';
import type { Node } from './balancer.js';

/** A node that reads the load of its connection from the connection's record, until it is disposed of. */
export class RecordNode<C extends Connection> implements Node<C> {
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

  dispose(): void {
    releaseRecord(this.record.connection);
  }
}
