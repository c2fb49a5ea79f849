import { ConnectionClosedError } from '../errors.js';
import type { Cell } from './cell.js';

/** Calls `ended` when a connection is lost, or retired by its pool; the function returned stops that. */
export function watchLoss(cell: Cell, ended: (reason: unknown) => void): () => void {
  const end = (reason: unknown): void => ended(reason ?? new ConnectionClosedError('The connection was closed'));
  return cell.watch({ onState: (_state, cause) => end(cause), onRetired: end });
}
