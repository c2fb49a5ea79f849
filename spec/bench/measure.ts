/** One way of doing something; `sample` measures it once. */
export interface Variant {
  readonly name: string;
  sample(): number | Promise<number>;
}

/** Variants that are measured in turn, because the speed of a machine drifts. */
export interface Race {
  readonly variants: readonly Variant[];
  readonly rounds: number;
}

/** The median of each variant. */
export type Medians = (name: string) => number;

/** A goal of the project, with what was measured. */
export interface Finding {
  /** Its number in README.md. */
  readonly goal: string;
  readonly about: string;
  readonly measured: string;
  readonly baseline: string;
  /** What the goal limits: a ratio, a size. */
  readonly figure: number;
  readonly unit: string;
  readonly limit: { readonly atMost: number } | { readonly atLeast: number };
}

/** Yields races, is given their medians, and returns what it found; a string is a figure without a goal. */
export type Suite = () => AsyncGenerator<Race, readonly (Finding | string)[], Medians>;

/** Nanoseconds an operation; `run` does it `count` times. */
export const timed = (name: string, count: number, run: (count: number) => void | Promise<void>): Variant => ({
  name,
  sample: async () => {
    const begin = process.hrtime.bigint();
    await run(count);
    return Number(process.hrtime.bigint() - begin) / count;
  },
});

/** Nanoseconds of the processor an operation. */
export const costed: typeof timed = (name, count, run) => ({
  name,
  sample: async () => {
    const before = process.cpuUsage();
    await run(count);
    const { user, system } = process.cpuUsage(before);
    return (1_000 * (user + system)) / count;
  },
});

/** The same by so many callers, who each ask again as soon as they are answered. */
export const asking = (
  callers: number,
  name: string,
  count: number,
  ask: () => Promise<unknown>,
  measured = timed,
): Variant =>
  measured(name, count, async () => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: callers }, caller));
  });

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Runs races of several libraries together: each round takes one sample of every variant of each. */
async function run(races: readonly Race[]): Promise<Medians[]> {
  const samples = races.map(({ variants }) => variants.map((): number[] => []));
  const rounds = Math.max(...races.map((race) => race.rounds));
  const places = Math.max(...races.map(({ variants }) => variants.length));
  // The first round warms up, and does not count.
  for (let round = -1; round < rounds; round++) {
    for (let place = 0; place < places; place++) {
      for (let turn = 0; turn < races.length; turn++) {
        const index = (turn + round + races.length) % races.length;
        const value = await races[index]?.variants[place]?.sample();
        if (round >= 0 && value !== undefined) samples[index]?.[place]?.push(value);
      }
    }
  }
  return races.map(({ variants }, index) => {
    const medians = new Map(variants.map(({ name }, place) => [name, median(samples[index]?.[place] as number[])]));
    return (name) => {
      const value = medians.get(name);
      if (value === undefined) throw new Error(`no variant is called ${name}`);
      return value;
    };
  });
}

/** Runs one suite of each library; all come to the same races, and wait for one another there. */
export async function compete(suites: readonly Suite[]): Promise<(readonly (Finding | string)[])[]> {
  const generators = suites.map((suite) => suite());
  const findings: (readonly (Finding | string)[])[] = [];
  let medians: (Medians | undefined)[] = generators.map(() => undefined);
  for (;;) {
    const races: Race[] = [];
    for (const [index, generator] of generators.entries()) {
      // What is given to the first next() of a generator goes nowhere.
      const step = await generator.next(medians[index] as Medians);
      if (step.done) findings.push(step.value);
      else races.push(step.value);
    }
    if (races.length === 0) return findings;
    if (findings.length > 0) throw new Error('the libraries did not run the same races');
    medians = await run(races);
  }
}

export const isMet = ({ figure, limit }: Finding): boolean =>
  'atMost' in limit ? figure <= limit.atMost : figure >= limit.atLeast;

const shown = (figure: number): string => (figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2));

/** One line: whether the goal is met, the figure beside its limit, and what it was made of. */
export function describe(finding: Finding, other?: Finding): string {
  const { goal, about, measured, baseline, figure, unit, limit } = finding;
  const bound = 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`;
  const line = `${isMet(finding) ? 'met   ' : 'MISSED'} ${goal} ${about}: ${shown(figure)}${unit} (goal ${bound}${unit}) — ${measured}; ${baseline}`;
  if (!other) return line;
  const ratio = other.figure === 0 ? '' : `, ratio ${(figure / other.figure).toFixed(2)}`;
  return `${line}\n       the other: ${shown(other.figure)}${other.unit}${ratio} — ${other.measured}; ${other.baseline}`;
}

export const ns = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ns`;
