// Draws a line chart as SVG, legible on a light page and on a dark one: no package that does is worth its size here.

/** A line of a chart. */
interface Series {
  readonly name: string;
  /** One value for each place of the horizontal axis. */
  readonly values: readonly number[];
}

/** What is drawn: both axes are logarithmic, to the base of 2. */
export interface LineChart {
  readonly title: string;
  /** Below the title. */
  readonly note: string;
  readonly xLabel: string;
  readonly xs: readonly number[];
  /** The lowest and the highest value of the vertical axis, powers of 2. */
  readonly yMin: number;
  readonly yMax: number;
  readonly series: readonly Series[];
}

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 52;
const RIGHT = 270;
const TOP = 66;
const BOTTOM = 48;
const LABEL_HEIGHT = 18;

const coloured = (colours: readonly string[]): string =>
  colours
    .map((colour, index) => `.s${index} path { stroke: ${colour}; } .s${index} circle { fill: ${colour}; }`)
    .join(' ');

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #52514e; }
  .title { font-size: 15px; font-weight: 600; fill: #0b0b0b; }
  .label { fill: #0b0b0b; }
  .grid { stroke: #e1e0d9; }
  path { fill: none; stroke-width: 2; stroke-linejoin: round; }
  ${coloured(['#2a78d6', '#eb6834', '#1baf7a', '#4a3aa7', '#e34948'])}
  @media (prefers-color-scheme: dark) {
    text { fill: #c3c2b7; } .title, .label { fill: #ffffff; } .grid { stroke: #3a3a37; }
    ${coloured(['#3987e5', '#d95926', '#199e70', '#9085e9', '#e66767'])}
  }`;

const round = (value: number): number => Math.round(value * 10) / 10;

/** Places of labels, each at least a line below the one before, as near as that allows to where they belong. */
function spread(wanted: readonly number[]): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  const places = [...wanted];
  let limit = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    places[index] = Math.max(wanted[index] as number, limit);
    limit = (places[index] as number) + LABEL_HEIGHT;
  }
  limit = HEIGHT - BOTTOM;
  for (const index of order.reverse()) {
    places[index] = Math.min(places[index] as number, limit);
    limit = (places[index] as number) - LABEL_HEIGHT;
  }
  return places;
}

/** The chart as the text of a file. */
export function lineChart({ title, note, xLabel, xs, yMin, yMax, series }: LineChart): string {
  const x = (index: number): number => round(LEFT + (index * (WIDTH - LEFT - RIGHT)) / (xs.length - 1));
  const y = (value: number): number => {
    const share = Math.log2(Math.max(value, yMin) / yMin) / Math.log2(yMax / yMin);
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM));
  };
  const end = x(xs.length - 1);
  const ticks = Array.from({ length: Math.log2(yMax / yMin) + 1 }, (_, power) => yMin * 2 ** power);
  const lastOf = ({ values }: Series): number => values[values.length - 1] as number;
  const places = spread(series.map((one) => y(lastOf(one))));
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="16" y="26">${title}</text>`,
    `<text x="16" y="46">${note}</text>`,
    ...ticks.map((tick) => `<path class="grid" d="M${LEFT} ${y(tick)}H${end}"/>`),
    ...ticks.map((tick) => `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}×</text>`),
    ...xs.map((tick, index) => `<text x="${x(index)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${tick}</text>`),
    `<text x="${(LEFT + end) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${xLabel}</text>`,
  ];
  for (const [index, one] of series.entries()) {
    const points = one.values.map((value, place) => [x(place), y(value)] as const);
    lines.push(
      `<g class="s${index}">`,
      `<path d="M${points.map((point) => point.join(' ')).join('L')}"/>`,
      ...points.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="4"/>`),
      `<circle cx="${end + 18}" cy="${places[index]}" r="4"/>`,
      `<text class="label" x="${end + 28}" y="${(places[index] as number) + 4}">${lastOf(one).toFixed(1)}×  ${one.name}</text>`,
      '</g>',
    );
  }
  return `${[...lines, '</svg>'].join('\n')}\n`;
}
