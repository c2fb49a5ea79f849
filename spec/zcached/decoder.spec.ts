import { cut, decode, expectSame, latin1 } from './decoding.js';
import { GOLDENS, type Golden } from './goldens.js';

describe.each(['2024', '2025'] as const)('Decoder: replies of %s servers', (generation) => {
  const goldens = GOLDENS[generation];
  const inTurn = goldens.map((golden, index) => [golden, goldens[(index + 1) % goldens.length]!] as const);
  const frameEnd = generation === '2025' ? 1 : 0;

  const joined = (parts: readonly Golden[]): Buffer => latin1(parts.map(({ wire }) => wire).join(''));

  /** What must come of them, one after the other. */
  function intended(parts: readonly Golden[]) {
    let end = 0;
    const ends = parts.map(({ wire }) => {
      end += wire.length;
      return end - frameEnd;
    });
    return { replies: parts.map(({ value }) => value), ends, error: undefined, endsFrames: frameEnd === 1 };
  }

  const expectIntended = (parts: readonly Golden[], whole: Buffer, places: readonly number[]): void =>
    expectSame(decode(cut(whole, places)), intended(parts), JSON.stringify([whole.toString('latin1'), places]));

  it(`golden replies of ${generation} servers: at least 60, all different`, () => {
    expect(goldens.length).toBeGreaterThanOrEqual(60);
    expect(new Set(goldens.map(({ wire }) => wire)).size).toBe(goldens.length);
  });

  it(`Decoder: decodes each golden reply of ${generation} servers to its value`, () => {
    for (const golden of goldens) expectIntended([golden], joined([golden]), []);
  });

  it(`Decoder: decodes each golden reply of ${generation} servers, cut in two anywhere and byte by byte`, () => {
    for (const golden of goldens) {
      const whole = joined([golden]);
      for (const place of whole.keys()) expectIntended([golden], whole, [place]);
      expectIntended([golden], whole, [...whole.keys()]);
    }
  });

  it(`Decoder: decodes two golden replies of ${generation} servers in a row, cut anywhere and byte by byte`, () => {
    for (const pair of inTurn) {
      const whole = joined(pair);
      for (const place of whole.keys()) expectIntended(pair, whole, [place]);
      expectIntended(pair, whole, [...whole.keys()]);
    }
  });

  it(`Decoder: decodes every pair of golden replies of ${generation} servers, whole and cut around their seam`, () => {
    for (const first of goldens) {
      for (const second of goldens) {
        const whole = joined([first, second]);
        const seam = first.wire.length;
        for (const places of [[], [seam - 1], [seam], [seam + 1], [seam - 1, seam, seam + 1]]) {
          expectIntended([first, second], whole, places);
        }
      }
    }
  });

  it(`Decoder: decodes all golden replies of ${generation} servers in one stream, in chunks of 1 to 128 bytes`, () => {
    const whole = joined(goldens);
    for (let size = 1; size <= 128; size++) {
      const places = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => index * size);
      expectIntended(goldens, whole, places);
    }
  });
});

describe('Decoder: invalid replies', () => {
  it.each([
    ['an unknown type', 'HTTP/1.1 400\r\n', 0],
    ['a second end of frame', '+OK\r\n\x03\x03', 6],
    ['an end of frame before any reply', '\x03+OK\r\n', 0],
    ['an end of frame within a reply', '*2\r\n:1\r\n\x03:2\r\n', 8],
    ['a line without a carriage return', '+OK\n', 0],
    ['a bare line feed', '+\n', 0],
    ['a string that is longer than announced', '$2\r\nabc\r\n', 0],
    ['a string that is shorter than announced', '$3\r\nab\r\n+OK\r\n', 0],
    ['a string that ends with a carriage return alone', '$1\r\na\r+OK\r\n', 0],
    ['a string that ends with a line feed alone', '$1\r\na\n\n', 0],
    ['a negative length', '$-1\r\n', 0],
    ['a length that is no number', '*x\r\n', 0],
    ['an empty length', '%\r\n', 0],
    ['a length with a sign', '*+1\r\n', 0],
    ['a length of twenty digits', '$99999999999999999999\r\n', 0],
    ['a length of sixteen digits', '*9999999999999999\r\n', 0],
    ['an integer of 65 bits', ':9223372036854775808\r\n', 0],
    ['an integer of 65 bits below zero', ':-9223372036854775809\r\n', 0],
    ['an integer with a fraction', ':1.5\r\n', 0],
    ['an empty integer', ':\r\n', 0],
    ['a sign without digits', ':-\r\n', 0],
    ['a double with an empty exponent', ',1e\r\n', 0],
    ['a double in hexadecimal', ',0x10\r\n', 0],
    ['an empty double', ',\r\n', 0],
    ['a boolean of an unknown letter', '#x\r\n', 0],
    ['a boolean of two letters', '#tf\r\n', 0],
    ['an empty boolean', '#\r\n', 0],
    ['a null with text', '_x\r\n', 0],
    ['the key of a map that is an integer', '%1\r\n:1\r\n:2\r\n', 4],
    ['the key of a map that is an array', '%1\r\n*0\r\n:2\r\n', 4],
    ['the second key of a map that is a null', '%2\r\n+a\r\n:1\r\n_\r\n:2\r\n', 12],
    ['an error within a value', '*1\r\n-ERR\r\n', 4],
    ['an unknown type after a reply', '+OK\r\n\x03?', 6],
    ['an array of four billion elements', '*4294967295\r\n', 0],
    ['a map of two billion entries', '%2147483648\r\n', 0],
    ['a set of four billion elements', '~4294967295\r\n', 0],
    ['an endless length', `$${'1'.repeat(2000)}`, 0],
    ['an endless integer', `:${'1'.repeat(2000)}`, 0],
  ])('Decoder: refuses %s with its offset, however it is cut', (_, wire, offset) => {
    const whole = latin1(wire);
    const once = decode([whole]);
    expect(once.error).toMatchObject({ offset, message: expect.stringContaining(`at byte ${offset} of`) });
    for (const place of whole.keys()) expectSame(decode(cut(whole, [place])), once, `cut at ${place}`);
    expectSame(decode(cut(whole, [...whole.keys()])), once, 'byte by byte');
  });
});
