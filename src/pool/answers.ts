import { Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { startValidation } from '../healing/validation.js';
import type { Member } from '../membership/member.js';
import type { PoolContext } from './context.js';

/**
 * Pings the idle members in service whose connection has a `ping`, and invalidates those that do not answer within
 * `connectTimeout`: a server may stop answering one connection when another one closes. Resolves with those.
 */
export async function invalidateSilent<C extends Connection, K>(context: PoolContext<C, K>): Promise<C[]> {
  const { membership } = context;
  const idle = membership.inPhase('serving').filter((member) => member.load === 0 && hasPing(member.connection));
  const silent = await Promise.all(idle.map((member) => isSilent(context, member)));
  return idle.filter((_, index) => silent[index]).map(({ connection }) => connection);
}

function isSilent<C extends Connection, K>(context: PoolContext<C, K>, member: Member<C>): Promise<boolean> {
  const { connectTimeout: timeout, scheduler } = context.options;
  const ping = async (connection: C, call: { readonly signal: AbortSignal }): Promise<unknown> =>
    connection.ping?.(call);
  return new Promise((resolve) => {
    const validation = new Subscription();
    startValidation(member.connection, ping, { timeout, scheduler }, validation, (failure) => {
      validation.unsubscribe();
      resolve(failure !== undefined && context.invalidate(member, failure));
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
