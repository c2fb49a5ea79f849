import * as fc from 'fast-check';
import { ConnectTimeoutError, isTerminalCause } from 'rxpool';
import { ZcachedConnectError } from 'rxpool/zcached';

const coded = (code: unknown): Error => Object.assign(new Error('refused'), { code });

describe('isTerminalCause', () => {
  it.each([
    'CERT_REVOKED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('isTerminalCause(): true for a rejected certificate: %s', (code) => {
    expect(isTerminalCause(coded(code))).toBe(true);
  });

  it.each(['28P01', '28000', 'WRONGPASS', 'NOAUTH', 'NOPERM', 'ER_ACCESS_DENIED_ERROR', 'AUTHORIZATION_VIOLATION'])(
    'isTerminalCause(): true for rejected credentials: %s',
    (code) => {
      expect(isTerminalCause(coded(code))).toBe(true);
    },
  );

  it('isTerminalCause(): true for 3D000, a database that does not exist', () => {
    expect(isTerminalCause(coded('3D000'))).toBe(true);
  });

  it.each([
    'WRONGPASS invalid username-password pair or user is disabled.',
    'NOAUTH Authentication required.',
    "NOPERM User reader has no permissions to run the 'hello' command",
    "'Authorization Violation'",
    'Authorization Violation',
  ])('isTerminalCause(): true for an error without a code whose message begins with a refused login: %s', (message) => {
    expect(isTerminalCause(new Error(message))).toBe(true);
    expect(isTerminalCause(new Error('the dial failed', { cause: new Error(message) }))).toBe(true);
  });

  it.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
  ])('isTerminalCause(): true for a refused TLS handshake: %s', (code) => {
    expect(isTerminalCause(coded(code))).toBe(true);
  });

  it.each<[string, unknown]>([
    ['an expired certificate, which is renewed', coded('CERT_HAS_EXPIRED')],
    ['a certificate that is not yet valid', coded('CERT_NOT_YET_VALID')],
    ['an expired certificate of the client', coded('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED')],
    ['LOADING, server starting', new Error('LOADING Redis is loading the dataset in memory')],
    ['a refused login in the middle of a message', new Error('the key is called NOAUTH')],
    ['a longer word that begins like a refused login', new Error('NOAUTHORITY')],
    ['a message that is no text', { message: { toString: () => 'NOAUTH' } }],
    ['a failed TLS handshake', coded('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')],
    ['an internal error of the server', coded('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR')],
    ['a server without TLS', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
    ['ECONNREFUSED', coded('ECONNREFUSED')],
    ['ECONNRESET', coded('ECONNRESET')],
    ['ENOTFOUND', coded('ENOTFOUND')],
    ['57P03, server starting', coded('57P03')],
    ['53300, too many connections', coded('53300')],
    ['a numeric code', coded(28_000)],
    ['ConnectTimeoutError', new ConnectTimeoutError('late')],
    ['the code as the message', new Error('CERT_REVOKED')],
    ['the code itself as the error', 'CERT_REVOKED'],
    ['undefined', undefined],
    ['null', null],
    ['terminal: "yes"', { terminal: 'yes' }],
  ])('isTerminalCause(): false where another dial may succeed: %s', (_name, cause) => {
    expect(isTerminalCause(cause)).toBe(false);
  });

  it('isTerminalCause(): true for any object with terminal: true', () => {
    expect(isTerminalCause(Object.assign(new Error('the account is closed'), { terminal: true }))).toBe(true);
    expect(isTerminalCause({ terminal: true })).toBe(true);
  });

  it('isTerminalCause(): true when a nested cause is terminal', () => {
    const wrapped = new ZcachedConnectError(
      { host: 'localhost', port: 7556 },
      new Error('handshake', { cause: coded('SELF_SIGNED_CERT_IN_CHAIN') }),
    );
    expect(isTerminalCause(wrapped)).toBe(true);
  });

  it('isTerminalCause(): false for circular and for endless chains of causes', () => {
    const circle: { cause?: unknown } = {};
    circle.cause = { cause: circle };
    const endless = {
      get cause() {
        return Object.create(this);
      },
    };
    expect(isTerminalCause(circle)).toBe(false);
    expect(isTerminalCause(endless)).toBe(false);
  });

  it('isTerminalCause(): skips getters that throw and checks the other properties', () => {
    const hostile = (rest: object): object =>
      Object.create(rest, {
        terminal: {
          get: () => {
            throw new Error('hands off');
          },
        },
      });
    expect(isTerminalCause(hostile({ code: 'WRONGPASS' }))).toBe(true);
    expect(isTerminalCause(hostile({ cause: hostile({ code: 'NOAUTH' }) }))).toBe(true);
    expect(
      isTerminalCause(
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('hands off');
            },
          },
        ),
      ),
    ).toBe(false);
  });

  it('isTerminalCause() property: finds a terminal cause anywhere in the chain, and never throws', () => {
    const innocent = fc.record({ code: fc.anything(), message: fc.string() });
    fc.assert(
      fc.property(fc.array(innocent, { maxLength: 10 }), fc.boolean(), (errors, guilty) => {
        const last: object = guilty ? coded('28P01') : {};
        const chain = errors.reduce<object>((cause, error) => ({ ...error, cause }), last);
        expect(isTerminalCause(chain)).toBe(guilty);
      }),
    );
    fc.assert(fc.property(fc.anything(), (cause) => typeof isTerminalCause(cause) === 'boolean'));
  });
});
