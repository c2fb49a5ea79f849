import type { Cell } from '../connection/cell.js';
import { acquireCell, releaseCell } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import type { Place } from './chooser.js';

/** A place whose load is known until it is left. */
export class Seat<C extends Connection> implements Place<C> {
  protected readonly cell: Cell<C>;

  constructor(connection: C) {
    this.cell = acquireCell(connection);
  }

  get connection(): C {
    return this.cell.connection;
  }

  get load(): number {
    return this.cell.load;
  }

  leave(): void {
    releaseCell(this.cell.connection);
  }
}
