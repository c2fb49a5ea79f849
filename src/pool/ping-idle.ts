import { Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { ping, startValidation } from '../healing/validation.js';
import type { Member } from '../membership/member.js';
import type { PoolContext } from './context.js';

/**
 * Pings the idle members in service that have `ping`, and invalidates those that do not answer within `connectTimeout`.
 * Some servers stop answering one connection when another one closes. Resolves with the invalidated connections.
 */
export async function invalidateUnresponsive<C extends Connection, K>(context: PoolContext<C, K>): Promise<C[]> {
  const { membership } = context;
  const idle = membership.inPhase('serving').filter((member) => member.load === 0 && hasPing(member.connection));
  const silent = await Promise.all(idle.map((member) => isSilent(context, member)));
  return idle.filter((_, index) => silent[index]).map(({ connection }) => connection);
}

function isSilent<C extends Connection, K>(context: PoolContext<C, K>, member: Member<C>): Promise<boolean> {
  const { connectTimeout: timeout, scheduler } = context.options;
  return new Promise((resolve) => {
    const validation = new Subscription();
    startValidation(member.record, ping, { timeout, scheduler }, validation, ({ failure, isSuperseded }) => {
      validation.unsubscribe();
      resolve(failure !== undefined && !isSuperseded && context.invalidate(member, failure));
    });
  });
}

function hasPing(connection: Connection): boolean {
  try {
    return typeof connection.ping === 'function';
  } catch {
    return false;
  }
}
