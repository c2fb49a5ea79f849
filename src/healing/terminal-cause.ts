const CERTIFICATE_REFUSED = [
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
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

/** PostgreSQL, Redis, MySQL. */
const LOGIN_REFUSED = ['28000', '28P01', 'NOAUTH', 'WRONGPASS', 'ER_ACCESS_DENIED_ERROR'];

const TERMINAL: ReadonlySet<unknown> = new Set([
  ...CERTIFICATE_REFUSED,
  ...LOGIN_REFUSED,
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
]);

/**
 * What a server says of our certificate, or of our versions of TLS, before it hangs up. What stands before ALERT
 * depends on the version of OpenSSL. A handshake failure says too little, and what is no TLS at all may come from
 * somebody who answers in the server's place for a while.
 */
const HANDSHAKE_REFUSED =
  /^ERR_SSL_.+_ALERT_(ACCESS_DENIED|CERTIFICATE_\w+|\w+_CERTIFICATE|PROTOCOL_VERSION|UNKNOWN_CA)$/;

/** Deeper than errors are wrapped, and where a circle of causes ends. */
const DEEPEST = 16;

/**
 * Whether a failure is one that dialling again cannot mend: the server's certificate was refused, the server
 * refused the login, our certificate or our version of TLS, or the error says `terminal: true`. Looks at the `code`
 * of the error, of its `cause`, of the cause's cause and so on. Never throws. The default of `isTerminal` in
 * {@link ReconnectBrokenOptions}.
 *
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
    link = read(link, 'cause');
  }
  return false;
}

const isTerminalCode = (code: unknown): boolean =>
  TERMINAL.has(code) || (typeof code === 'string' && HANDSHAKE_REFUSED.test(code));

/** A member of somebody else's error, whose getters may throw. */
function read(error: object, member: 'terminal' | 'code' | 'cause'): unknown {
  try {
    return (error as { readonly [name in typeof member]?: unknown })[member];
  } catch {
    return undefined;
  }
}
