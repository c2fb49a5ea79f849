const BARS = '▁▂▃▄▅▆▇█';

/** The latest values as bars from zero to the largest of them; as wide as it is told to be. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width > 0 ? values.slice(-width) : [];
  const top = Math.max(1, ...shown);
  const bars = shown.map((value) => BARS[Math.round((Math.max(0, value) / top) * (BARS.length - 1))]);
  return bars.join('').padEnd(width);
}
