/** The `code` of an error, and how its message begins, whatever it is. */
export function describeError(error: unknown): {
  readonly name: string;
  readonly code: unknown;
  readonly message: string;
} {
  const { name, code, message } = Object(error) as { name?: unknown; code?: unknown; message?: unknown };
  return { name: String(name), code, message: String(message) };
}
