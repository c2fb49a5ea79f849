import * as fc from 'fast-check';
import { ConnectTimeoutError, isTerminalCause } from 'rxpool';
import { ZcachedConnectError } from 'rxpool/zcached';

const coded = (code: unknown): Error => Object.assign(new Error('refused'), { code });

describe('isTerminalCause', () => {
  it.each([
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('knows a certificate that was refused: %s', (code) => {
    expect(isTerminalCause(coded(code))).toBe(true);
  });

  it.each(['28P01', '28000', 'WRONGPASS', 'NOAUTH', 'ER_ACCESS_DENIED_ERROR'])(
    'knows a login that was refused: %s',
    (code) => {
      expect(isTerminalCause(coded(code))).toBe(true);
    },
  );

  it.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
  ])('knows what a server refuses in a handshake: %s', (code) => {
    expect(isTerminalCause(coded(code))).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a handshake that failed', coded('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')],
    ['a server with a mishap', coded('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR')],
    ['no TLS at all', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
    ['refused', coded('ECONNREFUSED')],
    ['reset', coded('ECONNRESET')],
    ['a name that is not known yet', coded('ENOTFOUND')],
    ['a server that is starting', coded('57P03')],
    ['too many connections', coded('53300')],
    ['a number for a code', coded(28_000)],
    ['a dial that took too long', new ConnectTimeoutError('late')],
    ['a code for a message', new Error('CERT_HAS_EXPIRED')],
    ['a code for an error', 'CERT_HAS_EXPIRED'],
    ['no error', undefined],
    ['null', null],
    ['terminal, in a manner of speaking', { terminal: 'yes' }],
  ])('sees that dialling again may help: %s', (_name, cause) => {
    expect(isTerminalCause(cause)).toBe(false);
  });

  it('believes an error that says so of itself, whatever its class', () => {
    expect(isTerminalCause(Object.assign(new Error('the account is closed'), { terminal: true }))).toBe(true);
    expect(isTerminalCause({ terminal: true })).toBe(true);
  });

  it('looks for the cause behind the cause', () => {
    const wrapped = new ZcachedConnectError(
      { host: 'localhost', port: 7556 },
      new Error('handshake', { cause: coded('CERT_HAS_EXPIRED') }),
    );
    expect(isTerminalCause(wrapped)).toBe(true);
  });

  it('comes to an end where causes go in circles, and where there is no end to them', () => {
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

  it('looks past members that throw', () => {
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

  it('never throws, and finds the one among others wherever it is', () => {
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
