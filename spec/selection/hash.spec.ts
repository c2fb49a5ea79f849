import { hashOf, mix } from '../../src/selection/hash.js';

const KINDS: Record<string, (i: number) => string> = {
  numbers: (i) => `${i}`,
  'keys with a prefix': (i) => `session:${i}:profile`,
  addresses: (i) => `10.0.${i >> 8}.${i & 255}:7556`,
  'words that differ in their beginning': (i) => `${i}-the-same-long-ending-for-all-of-them`,
  'single characters of many scripts': (i) => String.fromCharCode(i),
};

/** How uneven counts are: about one for each bucket when chance has dealt them. */
function chiSquared(counts: readonly number[]): number {
  const due = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - due) ** 2 / due, 0);
}

describe.each(Object.entries(KINDS))('The hash of %s', (_, text) => {
  const COUNT = 50_000;
  const hashes = Array.from({ length: COUNT }, (_value, i) => hashOf(text(i)));

  it.each([0, 8, 16, 24])('falls evenly, by the eight bits from bit %i on', (shift) => {
    const counts = new Array<number>(256).fill(0);
    for (const hash of hashes) counts[(hash >>> shift) & 255] = (counts[(hash >>> shift) & 255] ?? 0) + 1;
    // With 255 degrees of freedom, more than 350 or less than 180 is once in ten thousand times.
    expect(chiSquared(counts)).toBeGreaterThan(180);
    expect(chiSquared(counts)).toBeLessThan(350);
  });

  it('is another one for nearly every text', () => {
    // Chance has 0.3 pairs meet.
    expect(new Set(hashes).size).toBeGreaterThanOrEqual(COUNT - 4);
  });

  it('has nothing to do with the hash by another seed', () => {
    let same = 0;
    hashes.forEach((hash, i) => {
      if ((hash & 255) === (hashOf(text(i), 1) & 255)) same++;
    });
    expect(Math.abs(same - COUNT / 256)).toBeLessThan(60);
  });
});

describe('hashOf()', () => {
  it('is the same for ever: who stores what it led to must find it again', () => {
    expect(['', 'a', 'b', 'ab', 'ba', 'a\u0000', 'é€😀'].map((text) => hashOf(text))).toMatchInlineSnapshot(`
[
  0,
  1840798233,
  -584926288,
  795100335,
  -943425469,
  -704105669,
  -1795251599,
]
`);
  });
});

describe('mix()', () => {
  it('changes half of the bits when one changes', () => {
    const ones = (bits: number): number => bits.toString(2).replaceAll('0', '').length;
    for (let bit = 0; bit < 32; bit++) {
      let changed = 0;
      for (let i = 0; i < 1_000; i++) {
        const bits = mix(i * 7_919);
        changed += ones((mix(bits) ^ mix(bits ^ (1 << bit))) >>> 0);
      }
      expect(Math.abs(changed / 1_000 - 16)).toBeLessThan(0.6);
    }
  });
});
