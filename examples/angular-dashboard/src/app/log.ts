import type { EventDescription } from 'rxpool';

type Described = EventDescription & Readonly<Record<string, unknown>>;

/** A line of the event log. */
export interface LogEntry {
  /** Grows from entry to entry. */
  readonly id: number;
  /** When it happened last: milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  /** The connection that it is about, where it is about one. */
  readonly name: string;
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'neutral';
  /** How often it happened, without anything else about the same connection in between. */
  readonly count: number;
}

/** Entries that are kept. */
const KEPT = 60;

/** Dials and their waits show in the list of connections; here they would hide what matters. */
const isLeftOut = ({ type, state }: Described): boolean =>
  type === 'connecting' || type === 'reconnect-scheduled' || state === 'half-open';

const TONES: Readonly<Record<string, LogEntry['tone']>> = {
  connected: 'good',
  'connect-failed': 'bad',
  lost: 'bad',
  ejected: 'bad',
  'reconnect-abandoned': 'bad',
};

const TEXTS: Readonly<Record<string, string>> = {
  joined: 'joined the pool',
  left: 'left the pool',
  connected: 'connected',
  'connect-failed': 'dial failed',
  lost: 'lost',
  draining: 'finishes what it carries',
  ejected: 'out of service for a time',
  'reconnect-abandoned': 'given up',
  'breaker-changed': 'circuit breaker',
};

const messageOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : '';

/** What comes after the text: a cause, a reason or a state. */
function detailOf({ cause, reason, state }: Described): string {
  const detail = messageOf(cause) || reason || state;
  return detail ? `: ${detail}` : '';
}

function entryOf(event: EventDescription, id: number): LogEntry {
  const { type, at } = event;
  const text = (TEXTS[type] ?? type.replaceAll('-', ' ')) + detailOf(event);
  return { id, at, type, name: String(event['name'] ?? 'pool'), text, tone: TONES[type] ?? 'neutral', count: 1 };
}

/** Adds an event to a log, the newest first. */
export function addToLog(log: readonly LogEntry[], event: EventDescription): readonly LogEntry[] {
  if (isLeftOut(event)) return log;
  const entry = entryOf(event, (log[0]?.id ?? 0) + 1);
  const before = log.find(({ name }) => name === entry.name);
  if (before?.text !== entry.text) return [entry, ...log].slice(0, KEPT);
  const others = log.filter((other) => other !== before);
  return [{ ...entry, count: before.count + 1 }, ...others];
}
