import { type Connection, isConnection } from '../connection/connection.js';
import { wrongType } from '../errors.js';

/** Reads an iterable once and completely, before anything changes. */
export function checkConnections<C extends Connection>(argument: string, connections: Iterable<C>): C[] {
  if (typeof (connections as Partial<Iterable<C>> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw wrongType(argument, 'an iterable of connections', connections);
  }
  let read: C[];
  try {
    read = [...connections];
  } catch (cause) {
    throw wrongType(argument, 'an iterable that can be read to its end', connections, cause);
  }
  read.forEach((connection, place) => {
    if (!isConnection(connection)) throw wrongType(`${argument}[${place}]`, 'a connection', connection);
  });
  return [...new Set(read)];
}
