import { Logger } from '@nestjs/common';
import { distinctUntilChanged, filter, map, type Subscription, throttleTime } from 'rxjs';
import { type Connection, type ConnectionPool, describe, type EventDescription, type HealthStatus } from 'rxpool';

/** Milliseconds that a status has to last to be logged. The short statuses of a start or an outage are not. */
const PACE = 250;

/** Events that point to a mistake in the program, or to an unavailable list of servers. */
const WARNINGS = [
  'heal-failed',
  'heal-ended',
  'policy-failed',
  'endpoints-failed',
  'observer-failed',
  'leak-suspected',
  'leases-lost',
  'misreported',
];

/** Events of single connections, and events of normal work. */
const DETAILS = [
  'connected',
  'connect-failed',
  'lost',
  'draining',
  'ejected',
  'reconnect-abandoned',
  'close-failed',
  'breaker-changed',
  'endpoints-ended',
];

/** Not logged: a pool that is not open yet, or no longer. */
const QUIET: readonly HealthStatus[] = ['starting', 'closed'];
const BAD: readonly HealthStatus[] = ['degraded', 'down', 'empty'];

/**
 * Logs a pool until it is disposed of: its status by `warn` and `log`, single connections by `debug`. It follows the
 * lists, which do not change with the load, so that requests cost nothing more.
 */
export function logPool<C extends Connection>(
  name: string,
  pool: Pick<ConnectionPool<C>, 'snapshot$' | 'health' | 'events$'>,
): Subscription {
  const logger = new Logger(`ConnectionPool ${name}`);
  const figures$ = pool.snapshot$.pipe(
    map(() => pool.health),
    filter(({ status, total }, index) => !QUIET.includes(status) && (index > 0 || total > 0)),
    throttleTime(PACE, undefined, { leading: false, trailing: true }),
    distinctUntilChanged((a, b) => a.status === b.status),
  );
  const logging = figures$.subscribe(({ status, connected, poolSize }) => {
    const line = `${status}: ${connected} of ${poolSize} connections`;
    if (BAD.includes(status)) logger.warn(line);
    else logger.log(line);
  });
  logging.add(
    pool.events$.subscribe((event) => {
      if (WARNINGS.includes(event.type)) logger.warn(lineOf(describe(event)));
      else if (DETAILS.includes(event.type)) logger.debug(lineOf(describe(event)));
    }),
  );
  return logging;
}

/** One line for an event: `lost #2 127.0.0.1:7556: ECONNRESET read ECONNRESET`. */
function lineOf({ type, name, endpoint, cause, state, reason }: EventDescription): string {
  const subject = [type, name, endpoint, state, reason].filter((part) => part !== undefined && part !== '').join(' ');
  return cause === undefined ? subject : `${subject}: ${causeOf(cause)}`;
}

function causeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return String(cause);
  const { name, code, message } = cause as {
    readonly name?: string;
    readonly code?: string;
    readonly message?: string;
  };
  return message || String(code ?? name);
}
