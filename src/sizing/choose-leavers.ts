import type { Cell, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';

/** The kinds of member in the order in which a shrinking pool parts with them. */
const KINDS: readonly (readonly Standing[])[] = [
  ['broken'],
  ['idle'],
  ['connecting'],
  ['draining', 'ejected', 'connected'],
];

/**
 * Who leaves when a pool shrinks by `excess`: those that serve nobody, the latest joined first within each kind;
 * busy ones only where asked for, the least loaded first.
 */
export function chooseLeavers<C extends Connection>(
  members: Iterable<Cell<C>>,
  excess: number,
  busyToo: boolean,
): Cell<C>[] {
  const latestFirst = [...members].reverse();
  const useless = KINDS.flatMap((kind) => latestFirst.filter((cell) => kind.includes(cell.standing) && !isBusy(cell)));
  const busy = busyToo ? latestFirst.filter(isBusy).sort((a, b) => a.load - b.load) : [];
  return [...useless, ...busy].slice(0, Math.max(0, excess));
}

/** A connection that is not up has nothing to finish. */
const isBusy = (cell: Cell): boolean => cell.load > 0 && cell.state === 'connected';
