import { writeFileSync } from 'node:fs';
import { interval, type Subscription } from 'rxjs';
import type { Model } from './model.js';
import type { Colour, Paint } from './paint.js';
import type { Screen } from './screen.js';
import { render } from './view.js';

const COLUMNS = 79;
const ROWS = 24;
/** Milliseconds from one picture to the next. */
const EVERY = 250;
/** Pixels of one character, and of a line. */
const CHARACTER = { width: 7.8, height: 18 };
const MARGIN = 14;

const COLOURS: Readonly<Record<Colour, string>> = {
  bold: '#f0f6fc',
  dim: '#8b949e',
  red: '#ff7b72',
  green: '#56d364',
  yellow: '#e3b341',
  cyan: '#79c0ff',
};

/** Marks where a colour begins and ends, with characters for private use. */
const marked: Paint = (colour, text) => `\uE000${colour}\uE001${text}\uE002`;

const MARKED = /\uE000(\w+)\uE001([^\uE002]*)\uE002|[^\uE000]+/g;

const escaped = (text: string): string => text.replace(/[&<]/g, (character) => (character === '&' ? '&amp;' : '&lt;'));

/** One line of a picture. Each colour has its own place, so that a font of other widths does not shift what follows. */
function lineOf(text: string, y: number): string {
  let column = 0;
  const parts = [...text.matchAll(MARKED)].map(([whole, colour, inner = whole]) => {
    const x = MARGIN + column * CHARACTER.width;
    column += inner.length;
    if (inner.trim() === '') return '';
    return `<tspan x="${x.toFixed(1)}"${colour ? ` class="${colour}"` : ''}>${escaped(inner.trimEnd())}</tspan>`;
  });
  const line = parts.join('');
  return line === '' ? '' : `<text y="${y}">${line}</text>`;
}

/** The pictures one below another; one is seen at a time, and the strip jumps on by one. */
function moving(pictures: readonly (readonly string[])[]): string {
  const lines = Math.max(...pictures.map(({ length }) => length));
  const width = Math.ceil(2 * MARGIN + COLUMNS * CHARACTER.width);
  const height = 2 * MARGIN + lines * CHARACTER.height;
  const strip = pictures.map((picture, index) => {
    const top = index * height + MARGIN + CHARACTER.height - 5;
    return picture.map((line, row) => lineOf(line, top + row * CHARACTER.height)).join('');
  });
  const seconds = (pictures.length * EVERY) / 1_000;
  const colours = Object.entries(COLOURS).map(([name, colour]) => `.${name}{fill:${colour}}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">A pool of connections under load: some are cut, and are connected again</title>
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9d1d9;white-space:pre}
${colours.join('')}
.bold{font-weight:bold}
#strip{animation:play ${seconds}s steps(${pictures.length}) infinite}
@keyframes play{to{transform:translateY(-${pictures.length * height}px)}}
@media (prefers-reduced-motion:reduce){#strip{animation:none}}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g id="strip">
${strip.map((picture) => `<g>${picture}</g>`).join('\n')}
</g>
</svg>
`;
}

/** Draws the model four times a second, and writes all pictures into a file at the end: an SVG that moves. */
export class Recording implements Screen {
  readonly #file: string;
  readonly #model: () => Model;
  readonly #pictures: string[][] = [];
  #subscription: Subscription | undefined;

  constructor(file: string, model: () => Model) {
    this.#file = file;
    this.#model = model;
  }

  start(): void {
    this.#subscription = interval(EVERY).subscribe(() => {
      this.#pictures.push(render(this.#model(), { columns: COLUMNS, rows: ROWS, paint: marked }));
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    writeFileSync(this.#file, moving(this.#pictures));
  }
}
