import type { Subscription } from 'rxjs';
import type { Cell, DialResult } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { connect, judgeDial } from '../connection/dial.js';
import { ConnectTimeoutError } from '../errors.js';
import type { ReconnectSettings } from './reconnect-options.js';

/** Dials within the limits of the pool, or of the settings where there is none. `waiting` ends the waiting for it. */
export function redial(cell: Cell, settings: ReconnectSettings, waiting: Subscription): Promise<DialResult> {
  if (cell.owner) return cell.owner.dial(cell);
  const { connectTimeout: timeout, scheduler } = settings;
  const judgement = judgeDial(cell, () => connect(cell), { timeout, scheduler });
  waiting.add(() => judgement.cut());
  return judgement.result;
}

/** Whether a dial has failed by the clock alone, and is under way all the same. A pool sees to that itself. */
export const isOverdue = (result: DialResult, { owner, state }: Cell): boolean =>
  !result.ok && result.cause instanceof ConnectTimeoutError && !owner && state === 'connecting';

/** Ends a dial that nobody waits for any more. */
export function cutShort(connection: Connection): void {
  new Promise<void>((resolve) => resolve(connection.close())).catch(() => {});
}
