import type { Connection } from 'rxpool';

/** What the scenarios ask of a pooled client. */
export interface RealConnection extends Connection {
  /** Has the server send a text back. */
  echo(text: string): Promise<string>;
}

/** Where a client dials. */
export interface Target {
  readonly port: number;
  readonly password: string;
}

/** Calls `destroy` once where the signal aborts before the dial has ended. */
export async function abortable<T>(signal: AbortSignal, dial: Promise<T>, destroy: () => void): Promise<T> {
  signal.addEventListener('abort', destroy, { once: true });
  try {
    return await dial;
  } finally {
    signal.removeEventListener('abort', destroy);
  }
}

/** The `code` of an error, and how its message begins, whatever it is. */
export function describeError(error: unknown): {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
} {
  const { name, code, message } = Object(error) as { name?: unknown; code?: unknown; message?: unknown };
  return { name: String(name), code, message: String(message) };
}
