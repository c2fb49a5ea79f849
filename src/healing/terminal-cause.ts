/** Without codes for expired and not yet valid certificates: time or a renewal mends those. */
const CERTIFICATE_REFUSED = [
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Codes of PostgreSQL (a refused login, no such database), Redis, MySQL and NATS. */
const LOGIN_REFUSED = [
  '28000',
  '28P01',
  '3D000',
  'NOAUTH',
  'NOPERM',
  'WRONGPASS',
  'ER_ACCESS_DENIED_ERROR',
  'AUTHORIZATION_VIOLATION',
];

/** The beginnings of Redis and NATS messages that refuse a login. Their clients give these errors no code. */
const LOGIN_REFUSED_TEXT = /^'?(NOAUTH|NOPERM|WRONGPASS|Authorization Violation)\b/;

const TERMINAL: ReadonlySet<unknown> = new Set([
  ...CERTIFICATE_REFUSED,
  ...LOGIN_REFUSED,
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
]);

/**
 * TLS alerts by which a server refuses the client's certificate or TLS version. The text before ALERT depends on the
 * version of OpenSSL. A handshake failure is left out, because its cause is unknown. A reply that is not TLS is left
 * out, because a proxy may send it while the server is down.
 */
const HANDSHAKE_REFUSED =
  /^ERR_SSL_.+_ALERT_(ACCESS_DENIED|CERTIFICATE_(?!EXPIRED)\w+|\w+_CERTIFICATE|PROTOCOL_VERSION|UNKNOWN_CA)$/;

/** How many causes are followed. The bound also ends a cycle of causes. */
const DEEPEST = 16;

/**
 * Whether redialling soon cannot succeed. True if the server's certificate was refused; if the server refused the
 * login, the client's certificate or its TLS version; or if the error has `terminal: true`. Reads the `code` and the
 * beginning of `message` of the error and of each `cause` below it. A certificate that has expired or is not yet valid
 * is not terminal. Never throws. The default of `isTerminal` in {@link ReconnectBrokenOptions}.
 * @example
 * ```ts
 * class LicenceExpiredError extends Error {}
 * const isTerminal = (cause: unknown) => isTerminalCause(cause) || cause instanceof LicenceExpiredError;
 * pool.broken$.pipe(reconnectBroken({ isTerminal }));
 * ```
 */
export function isTerminalCause(cause: unknown): boolean {
  let link = cause;
  for (let depth = 0; depth < DEEPEST && typeof link === 'object' && link !== null; depth++) {
    if (read(link, 'terminal') === true || isTerminalCode(read(link, 'code'))) return true;
    const message = read(link, 'message');
    if (typeof message === 'string' && LOGIN_REFUSED_TEXT.test(message)) return true;
    link = read(link, 'cause');
  }
  return false;
}

const isTerminalCode = (code: unknown): boolean =>
  TERMINAL.has(code) || (typeof code === 'string' && HANDSHAKE_REFUSED.test(code));

/** Reads a member of a user's error, whose getter may throw. */
function read(error: object, member: 'terminal' | 'code' | 'cause' | 'message'): unknown {
  try {
    return (error as { readonly [name in typeof member]?: unknown })[member];
  } catch {
    return undefined;
  }
}
