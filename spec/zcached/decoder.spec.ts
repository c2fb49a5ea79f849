import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Decoder } from '../../src/zcached/decoder.js';
import { DEFAULT_LIMITS } from '../../src/zcached/limits.js';
import { cut, decode, latin1 } from './decoding.js';
import { GOLDENS } from './goldens.js';

describe.each(['2024', '2025'] as const)('replies of the %s generation', (generation) => {
  const goldens = GOLDENS[generation];

  it.each(goldens)('decodes $wire', ({ wire, value }) => {
    expect(decode([latin1(wire)])).toEqual({ replies: [value], error: undefined, endsFrames: generation === '2025' });
  });

  it.each(goldens)('decodes $wire alike wherever it is cut in two, and byte by byte', ({ wire, value }) => {
    const whole = latin1(wire);
    const places = [...whole.keys()];
    for (const place of places) expect(decode(cut(whole, [place])).replies).toEqual([value]);
    expect(decode(cut(whole, places)).replies).toEqual([value]);
  });

  it('decodes all of them in one stream, however that is cut', () => {
    const whole = latin1(goldens.map(({ wire }) => wire).join(''));
    const values = goldens.map(({ value }) => value);
    const places = fc.array(fc.nat(whole.length), { maxLength: 12 }).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(places, (at) => expect(decode(cut(whole, at)).replies).toEqual(values)),
      { numRuns: 300 },
    );
  });
});

describe('what is no reply', () => {
  it.each([
    ['an unknown type', 'HTTP/1.1 400\r\n', 0],
    ['a second end of frame', '+OK\r\n\x03\x03', 6],
    ['an end of frame before any reply', '\x03+OK\r\n', 0],
    ['a line without a carriage return', '+OK\n', 0],
    ['a bare line feed', '+\n', 0],
    ['a string that is longer than announced', '$2\r\nabc\r\n', 0],
    ['a negative length', '$-1\r\n', 0],
    ['a length that is no number', '*x\r\n', 0],
    ['an empty length', '%\r\n', 0],
    ['a length with a sign', '*+1\r\n', 0],
    ['an integer of 65 bits', ':9223372036854775808\r\n', 0],
    ['an integer that is none', ':1.5\r\n', 0],
    ['an empty integer', ':\r\n', 0],
    ['a lonely sign', ':-\r\n', 0],
    ['a double that is none', ',1e\r\n', 0],
    ['a double in hexadecimal', ',0x10\r\n', 0],
    ['an empty double', ',\r\n', 0],
    ['a boolean that is none', '#x\r\n', 0],
    ['a null that says something', '_x\r\n', 0],
    ['the key of a map that is an integer', '%1\r\n:1\r\n:2\r\n', 4],
    ['the key of a map that is an array', '%1\r\n*0\r\n:2\r\n', 4],
    ['an error within a value', '*1\r\n-ERR\r\n', 4],
    ['something wrong after something right', '+OK\r\n\x03?', 6],
    ['an announcement of four billion', '*4294967295\r\n', 0],
    ['an announcement of half of that in a map', '%2147483648\r\n', 0],
    ['an endless length', `$${'1'.repeat(2000)}`, 0],
    ['an endless integer', `:${'1'.repeat(2000)}`, 0],
  ])('refuses %s, telling where, however it is cut', (_, wire, offset) => {
    const whole = latin1(wire);
    const { error } = decode([whole]);
    expect(error).toMatchObject({ offset });
    for (const place of whole.keys()) expect(decode(cut(whole, [place])).error).toEqual(error);
    expect(decode(cut(whole, [...whole.keys()])).error).toEqual(error);
  });
});

describe('limits', () => {
  const nested = (depth: number) => latin1(`${'*1\r\n'.repeat(depth)}:1\r\n`);

  it('nesting ends at 128', () => {
    expect(decode([nested(128)])).toMatchObject({ replies: [expect.any(Array)], error: undefined });
    expect(decode([nested(129)]).error).toMatchObject({ offset: 128 * 4 });
  });

  it('a million levels cost no stack', () => {
    expect(decode([nested(1_000_000)], { maxDepth: 1e9, maxElements: 1e9 }).error).toBeUndefined();
  });

  it('elements are counted at all levels', () => {
    const two = '*2\r\n:1\r\n:2\r\n';
    expect(decode([latin1(`*2\r\n${two}${two}`)], { maxElements: 6 }).error).toBeUndefined();
    expect(decode([latin1(`*2\r\n${two}${two}`)], { maxElements: 5 }).error).toMatchObject({ offset: 16 });
    expect(decode([latin1('%2\r\n')], { maxElements: 3 }).error).toMatchObject({ offset: 0 });
  });

  it('counting starts anew with every reply', () => {
    expect(decode([latin1('*1\r\n:1\r\n'.repeat(50))], { maxElements: 1, maxReplyBytes: 8 }).replies).toHaveLength(50);
  });

  it('a string that is too long is refused before it comes', () => {
    expect(decode([latin1('$11\r\n')], { maxBulkBytes: 10 }).error).toMatchObject({ offset: 0 });
    expect(decode([latin1(`+${'x'.repeat(12)}`)], { maxBulkBytes: 10 }).error).toMatchObject({ offset: 0 });
    expect(decode([latin1('$10\r\n0123456789\r\n')], { maxBulkBytes: 10 }).replies).toEqual(['0123456789']);
  });

  it('a reply that is too large is refused at the value that makes it so', () => {
    const reply = latin1('*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n');
    expect(decode([reply], { maxReplyBytes: 22 }).error).toBeUndefined();
    for (const maxReplyBytes of [14, 18, 21]) {
      const { error } = decode([reply], { maxReplyBytes });
      expect(error).toMatchObject({ offset: 13 });
      for (const place of reply.keys()) expect(decode(cut(reply, [place]), { maxReplyBytes }).error).toEqual(error);
    }
  });

  it('memory follows what came, not what was announced', () => {
    const before = process.memoryUsage();
    const decoders = Array.from({ length: 200 }, () => {
      const decoder = new Decoder(DEFAULT_LIMITS);
      decoder.push(latin1('*1048576\r\n$60000000\r\nabc'));
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    const after = process.memoryUsage();
    expect(decoders).toHaveLength(200);
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20 * 2 ** 20);
  });

  it('a long string that drips in is not looked at again and again', () => {
    const size = 4 * 2 ** 20;
    const decoder = new Decoder(DEFAULT_LIMITS);
    const started = performance.now();
    for (const kind of [`$${size}\r\n`, '+']) {
      decoder.push(latin1(kind));
      expect(decoder.next()).toBeUndefined();
      const drop = Buffer.alloc(64, 'x');
      for (let sent = 0; sent < size; sent += drop.length) {
        decoder.push(drop);
        if (decoder.next() !== undefined) throw new Error('too early');
      }
      decoder.push(latin1('\r\n'));
      expect(decoder.next()).toHaveLength(size);
    }
    // Quadratic would be minutes.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('anything at all', () => {
  const alphabet = [...'+$-:,#_*%~/\r\n\x030123456789.einfatx'].map((character) => character.charCodeAt(0));
  const soup = fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((codes) => Buffer.from(codes));
  const pieces = fc
    .array(
      fc.constantFrom(
        '+a\r\n',
        '$1\r\nb\r\n',
        ':1\r\n',
        '*2\r\n',
        '%1\r\n',
        '~2\r\n',
        '\x03',
        '-E\r\n',
        ',1\r\n',
        '*',
        '\n',
      ),
      {
        maxLength: 12,
      },
    )
    .map((parts) => latin1(parts.join('')));

  it.each([
    ['of bytes', fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)), 20_000],
    ['of the alphabet of the protocol', soup, 40_000],
    ['of valid pieces in any order', pieces, 40_000],
  ])('%s gives replies, a wish for more or a protocol error, alike for every cut', (_, input, numRuns) => {
    fc.assert(
      fc.property(input, fc.nat(40), (whole, place) => {
        const once = decode([whole]);
        const twice = decode(cut(whole, [Math.min(place, whole.length)]));
        // A matcher would be far dearer, a hundred thousand times over.
        if (!isDeepStrictEqual(once, twice)) expect(twice).toEqual(once);
        if (once.error && (once.error.offset < 0 || once.error.offset >= whole.length)) throw new Error('offset');
      }),
      { numRuns },
    );
  });
});
