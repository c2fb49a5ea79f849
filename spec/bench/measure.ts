/** One way of doing something; `run` does it `count` times. */
export interface Variant {
  readonly name: string;
  run(count: number): void | Promise<void>;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Nanoseconds an operation, a median for each variant; interleaved, because a machine's speed drifts. */
export async function interleave(
  variants: readonly Variant[],
  count: number,
  rounds = 15,
): Promise<Map<string, number>> {
  const times = new Map(variants.map(({ name }) => [name, [] as number[]]));
  for (const variant of variants) await variant.run(count);
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      const begin = process.hrtime.bigint();
      await variant.run(count);
      times.get(variant.name)?.push(Number(process.hrtime.bigint() - begin) / count);
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** So many callers, who each ask again as soon as they are answered. */
export const asking = (callers: number, name: string, ask: () => Promise<unknown>): Variant => ({
  name,
  run: async (count) => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: callers }, caller));
  },
});

/** A goal of the project, with what was measured. */
export interface Finding {
  readonly goal: string;
  readonly measured: string;
  readonly baseline: string;
  /** What the goal is about: a ratio, a size. */
  readonly figure: number;
  readonly unit: string;
  readonly limit: { readonly atMost: number } | { readonly atLeast: number };
}

export function report({ goal, measured, baseline, figure, unit, limit }: Finding): boolean {
  const met = 'atMost' in limit ? figure <= limit.atMost : figure >= limit.atLeast;
  const bound = 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`;
  const shown = figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2);
  console.log(
    `${met ? 'met   ' : 'MISSED'} ${goal}: ${shown}${unit} (goal ${bound}${unit}) — ${measured}; ${baseline}`,
  );
  return met;
}

/** A figure that no goal is about. */
export const inform = (line: string): void => console.log(`       ${line}`);

export const ns = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ns`;
