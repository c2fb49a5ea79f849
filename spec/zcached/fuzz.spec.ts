import { scaled } from '../support/scales.js';
import { anySeed } from '../support/seeded.js';
import { runCases } from './fuzz/cases.js';
import { decoderCase } from './fuzz/decoder-case.js';
import { encoderCase } from './fuzz/encoder-case.js';
import { Random } from './fuzz/random.js';

const INPUTS = scaled('decoderInputs');
const REQUESTS = scaled('encoderInputs');
const seed = anySeed();
/** Of the full length, on a busy machine. */
const PATIENCE = 600_000;

/** Each of the outcomes came up often enough to mean something. */
function expectVariety(tally: Record<string, number>, outcomes: readonly string[], count: number): void {
  expect(Object.keys(tally).sort()).toEqual([...outcomes].sort());
  for (const times of Object.values(tally)) expect(times).toBeGreaterThan(count / 50);
}

describe(`at random (SEED=${seed})`, () => {
  it(
    `${INPUTS} inputs come to a value, a wish for more or a protocol error, and cost no more memory than came`,
    () => {
      const tally = runCases(INPUTS, seed, decoderCase);
      expectVariety(tally, ['value', 'need more', 'protocol error'], INPUTS);
    },
    PATIENCE,
  );

  it(
    `${REQUESTS} requests are one frame with just the arguments intended, or refused, to both servers`,
    () => {
      const tally = runCases(REQUESTS, seed, encoderCase);
      expectVariety(tally, ['latin1', 'utf8', 'refused'], REQUESTS);
    },
    PATIENCE,
  );

  it('a case that fails says how to repeat it, and fails then', () => {
    const unlucky = (random: Random): string => {
      if (random.oneIn(100)) throw new Error('unlucky');
      return 'lucky';
    };
    const messageOf = (work: () => unknown): string => {
      try {
        return String(work());
      } catch (error) {
        return (error as Error).message;
      }
    };
    const message = messageOf(() => runCases(10_000, seed, unlucky));
    expect(message).toContain(`of seed ${seed} failed`);
    const [, own] = /main\.ts 1 (\d+)/.exec(message) ?? [];
    expect(() => runCases(1, Number(own), unlucky)).toThrow('unlucky');
  });

  it('the same seed gives the same chance', () => {
    const draw = (): unknown[] =>
      Array.from(
        { length: 100 },
        (
          (random) => () =>
            random.next()
        )(new Random(seed)),
      );
    expect(draw()).toEqual(draw());
  });
});
