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

describe(`Random inputs (SEED=${seed})`, () => {
  it(
    `the decoder answers ${INPUTS} random inputs with a value, with need-more or with a protocol error, in bounded memory`,
    () => {
      const tally = runCases(INPUTS, seed, decoderCase);
      expectVariety(tally, ['value', 'need more', 'protocol error'], INPUTS);
    },
    PATIENCE,
  );

  it(
    `${REQUESTS} random requests are encoded as one frame with the intended arguments, or refused, for both servers`,
    () => {
      const tally = runCases(REQUESTS, seed, encoderCase);
      expectVariety(tally, ['latin1', 'utf8', 'refused'], REQUESTS);
    },
    PATIENCE,
  );

  it('a failing fuzz case prints the command that repeats it, and that command fails as well', () => {
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

  it('Random draws the same numbers for the same seed', () => {
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
