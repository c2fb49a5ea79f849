import { ConnectionClosedError } from '../errors.js';
import type { Cell } from './cell.js';

/** Tells when a connection that was up is not any more, or was retired. The function returned stops that. */
export function onGone(cell: Cell, gone: (reason: unknown) => void): () => void {
  const tell = (reason: unknown): void => gone(reason ?? new ConnectionClosedError('The connection was taken away'));
  return cell.watch({ onState: (_state, cause) => tell(cause), onRetired: tell });
}
