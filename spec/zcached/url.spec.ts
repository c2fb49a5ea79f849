// Tests the private withUrl() too: the options that a connection comes to are not public.

import { inspect } from 'node:util';
import fc from 'fast-check';
import { parseZcachedUrl, ZcachedConnection, type ZcachedUrlOptions } from 'rxpool/zcached';
import { withUrl } from '../../src/zcached/url.js';
import { scaled } from '../support/scales.js';

const refusalOf = (url: unknown): Error & { code?: string } => {
  try {
    parseZcachedUrl(url as string);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${String(url)} was not refused`);
};

describe('parseZcachedUrl()', () => {
  it.each<[string, ZcachedUrlOptions]>([
    ['zcached://localhost', { host: 'localhost' }],
    ['zcached://localhost/', { host: 'localhost' }],
    ['zcached://cache.example:7000', { host: 'cache.example', port: 7000 }],
    ['ZCACHED://Cache.Example', { host: 'cache.example' }],
    ['zcached://127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['zcached://[::1]', { host: '::1' }],
    ['zcached://[2001:DB8::1]:65535', { host: '2001:db8::1', port: 65_535 }],
    ['zcached://%63ache', { host: 'cache' }],
    ['zcached://žlutý.example', { host: 'xn--lut-noa55d.example' }],
    ['zcached:///run/zcached.sock', { path: '/run/zcached.sock' }],
    ['zcached:///run/a%20b%23.sock', { path: '/run/a b#.sock' }],
    ['zcacheds://cache', { host: 'cache', tls: true }],
    ['zcacheds://10.0.0.1?servername=cache.example', { host: '10.0.0.1', tls: { servername: 'cache.example' } }],
    [
      'zcached://h?connectTimeout=1&requestTimeout=2&closeTimeout=3&maxRequestBytes=4&maxQueue=0&pipelining=6&poolSize=7',
      {
        host: 'h',
        connectTimeout: 1,
        requestTimeout: 2,
        closeTimeout: 3,
        maxRequestBytes: 4,
        maxQueue: 0,
        pipelining: 6,
        poolSize: 7,
      },
    ],
    ['zcached://h?maps=object&strings=bytes', { host: 'h', maps: 'object', strings: 'bytes' }],
    ['zcached:///run/s?maps=map&strings=text', { path: '/run/s', maps: 'map', strings: 'text' }],
    ['zcached://h?%6DaxQueue=%31', { host: 'h', maxQueue: 1 }],
  ])('parseZcachedUrl(%s): returns its options', (url, options) => {
    expect(parseZcachedUrl(url)).toEqual(options);
    expect(parseZcachedUrl(new URL(url))).toEqual(options);
  });

  it('new ZcachedConnection() by a URL without a port: uses port 7556', () => {
    expect(new ZcachedConnection(parseZcachedUrl('zcached://localhost')).port).toBe(7556);
  });
});

describe('parseZcachedUrl() of an invalid URL', () => {
  it.each([
    ['scheme', 'redis://localhost'],
    ['scheme', 'http://localhost'],
    ['scheme', 'localhost:port'],
    ['form', '//localhost'],
    ['form', ''],
    ['form', 'zcached://host:99999'],
    ['form', 'zcached://[::1'],
    ['form', 'zcached://[fe80::1%25eth0]'],
    ['port', 'zcached://host:0'],
    ['host', 'zcached://'],
    ['host', 'zcached:///'],
    ['host', 'zcached:run/zcached.sock'],
    ['host', 'zcached:///run/%00'],
    ['host', 'zcached://a%2Fb'],
    ['host', 'zcached://a%ff'],
    ['path', 'zcached:///run/%ff'],
    ['path', 'zcached://host/1'],
    ['user information', 'zcached://user@host'],
    ['user information', 'zcached://:password@host'],
    ['fragment', 'zcached://host#part'],
    ['fragment', 'zcached://host#'],
    ['parameter 2', 'zcached://host?maxQueue=1&password=1'],
    ['parameter 1', 'zcacheds://host?rejectUnauthorized=false'],
    ['parameter 1', 'zcached://host?clock=1'],
    ['parameter 1', 'zcached://host?host=other'],
    ['parameter 1', 'zcached://host?toString=1'],
    ['maxQueue', 'zcached://host?maxQueue=1&maxQueue=1'],
    ['maxQueue', 'zcached://host?maxQueue='],
    ['maxQueue', 'zcached://host?maxQueue=1e3'],
    ['maxQueue', 'zcached://host?maxQueue=-1'],
    ['maxQueue', 'zcached://host?maxQueue=0x10'],
    ['maxQueue', 'zcached://host?maxQueue=1.5'],
    ['maxQueue', 'zcached://host?maxQueue=1+'],
    ['maxQueue', 'zcached://host?maxQueue=99999999999999999999'],
    ['connectTimeout', 'zcached://host?connectTimeout=0'],
    ['requestTimeout', 'zcached://host?requestTimeout=2147483648'],
    ['poolSize', 'zcached://host?poolSize=0'],
    ['maps', 'zcached://host?maps=Map'],
    ['strings', 'zcached://host?strings='],
    ['servername', 'zcached://host?servername=host'],
    ['servername', 'zcacheds://host?servername='],
    ['servername', 'zcacheds://host?servername=a%2Fb'],
  ])('parseZcachedUrl(): throws a RangeError that names the %s of %s', (part, url) => {
    const error = refusalOf(url);
    expect(error).toMatchObject({ constructor: RangeError, code: 'ERR_OUT_OF_RANGE' });
    expect(error.message).toMatch(new RegExp(`^(The )?${part} `));
  });

  it.each([undefined, null, 1, {}, ['zcached://host'], Symbol('url')])(
    'parseZcachedUrl(%p): throws a TypeError',
    (url) => {
      expect(refusalOf(url)).toMatchObject({ constructor: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
    },
  );

  it.each([
    'zcached://user:canary@host',
    'zcached://user:7556?canary@host',
    'zcached://user:ca/canary@host',
    'zcached://host?password=canary',
    'zcached://host?canary=1',
    'zcached://host#canary',
    'zcached://host/canary',
    'canary',
    'redis://canary',
    'zcached://canary:port',
  ])('parseZcachedUrl(%s): throws an error that does not contain the rest of the URL', (url) => {
    const error = refusalOf(url);
    expect(`${inspect(error, { showHidden: true, depth: 9 })}${JSON.stringify(error)}${error.stack}`).not.toContain(
      'canary',
    );
    expect(error.cause).toBeUndefined();
  });
});

describe('withUrl()', () => {
  it('withUrl(): options add to the URL and override it, undefined ones do not', () => {
    expect(
      withUrl('zcached://h?maxQueue=1&poolSize=2', { maxQueue: 3, requestTimeout: 4, poolSize: undefined }),
    ).toEqual({ host: 'h', maxQueue: 3, poolSize: 2, requestTimeout: 4 });
  });

  it('withUrl(): tls options add to the URL and override its servername, and undefined keeps TLS', () => {
    expect(withUrl('zcacheds://h', { tls: undefined })).toEqual({ host: 'h', tls: true });
    expect(withUrl('zcacheds://h?servername=a', { tls: { servername: undefined } })).toEqual({
      host: 'h',
      tls: { servername: 'a' },
    });
    expect(withUrl('zcacheds://h?servername=a', { tls: { servername: 'b' } })).toEqual({
      host: 'h',
      tls: { servername: 'b' },
    });
    expect(withUrl('zcacheds://h?servername=a', { tls: true })).toEqual({ host: 'h', tls: { servername: 'a' } });
  });
});

describe('parseZcachedUrl() of any URL', () => {
  /** Writes what a URL can say the other way round. */
  function format({ host, port, path, tls, ...parameters }: ZcachedUrlOptions): string {
    const authority = host?.includes(':') ? `[${host}]` : (host ?? '');
    const query = new URLSearchParams(
      Object.entries(parameters)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]): [string, string] => [name, String(value)]),
    );
    if (typeof tls === 'object' && tls.servername) query.set('servername', tls.servername);
    const where = path === undefined ? '' : path.split('/').map(encodeURIComponent).join('/');
    return `zcached${tls ? 's' : ''}://${authority}${port === undefined ? '' : `:${port}`}${where}?${query}`;
  }

  const name = fc.domain();
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const duration = optional(fc.integer({ min: 1, max: 2 ** 31 - 1 }));
  const parameters = {
    connectTimeout: duration,
    requestTimeout: duration,
    closeTimeout: duration,
    maxRequestBytes: optional(fc.integer({ min: 1 })),
    maxQueue: optional(fc.nat()),
    pipelining: optional(fc.integer({ min: 1, max: 100 })),
    poolSize: optional(fc.integer({ min: 1 })),
    maps: optional(fc.constantFrom('map' as const, 'object' as const)),
    strings: optional(fc.constantFrom('text' as const, 'bytes' as const)),
  };
  const tls = fc.oneof(fc.constant(undefined), fc.constant(true), fc.record({ servername: name }));
  const overTcp = fc.record({
    ...parameters,
    host: fc.oneof(
      name,
      fc.ipV4(),
      fc.ipV6().map((address) => new URL(`http://[${address}]`).hostname.slice(1, -1)),
    ),
    port: optional(fc.integer({ min: 1, max: 65_535 })),
    tls,
  });
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/^\.+$|[\0/]|\p{Surrogate}/u.test(text));
  const overSocket = fc.record({
    ...parameters,
    path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  });

  it('property: parseZcachedUrl() returns the options that were written into the URL', () => {
    fc.assert(
      fc.property(fc.oneof(overTcp, overSocket), (options: ZcachedUrlOptions) => {
        const said = parseZcachedUrl(format(options));
        for (const [option, value] of Object.entries(options)) {
          expect([option, said[option as keyof ZcachedUrlOptions]]).toEqual([option, value]);
        }
      }),
      { numRuns: scaled('urls') },
    );
  });

  it('property: parseZcachedUrl() of any text returns valid options or throws a RangeError without the text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('zcached:', 'zcacheds:', '//', '/', ':', '@', '?', '&', '=', '#', '[', ']', '%', '%00', '::1'),
      fc.constantFrom('maxQueue', 'servername', 'maps', 'map', 'poolSize', '__proto__', 'constructor', '0', '7556'),
      fc.webUrl(),
    );
    const tried = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom('', 'zcached://', 'zcacheds://h?'),
        fc.array(piece, { maxLength: 8 }),
        (start, rest) => {
          const url = start + rest.join('');
          try {
            expect(new ZcachedConnection(parseZcachedUrl(url)).state).toBe('idle');
            tried.taken++;
          } catch (error) {
            if (!(error instanceof RangeError) || !('code' in error)) throw error;
            // What is shorter may well be a word of the message.
            if (url.length > 12) expect(error.message).not.toContain(url);
            tried.refused++;
          }
        },
      ),
      { numRuns: scaled('urlPieces') },
    );
    expect([tried.taken > 20, tried.refused > 20]).toEqual([true, true]);
  });
});
