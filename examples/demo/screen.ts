import { interval, type Observable } from 'rxjs';
import type { Model } from './model.js';
import { coloured, plain } from './paint.js';
import { renderLine } from './plain-view.js';
import { render } from './view.js';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** The part of a terminal, or of what stands in for one, that is drawn on. */
export type Output = Pick<NodeJS.WriteStream, 'write'> &
  Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Shows the model until it is stopped. */
export interface Screen {
  start(): void;
  stop(): void;
}

/** A table on a terminal, elsewhere a line a second. */
export const screenFor = (output: Output, env: Environment, model: () => Model): Screen =>
  output.isTTY && env['TERM'] !== 'dumb' ? new Table(output, env, model) : new Lines(output, model);

abstract class Periodic implements Screen {
  readonly #ticks$: Observable<number>;
  #stop: () => void = () => {};

  constructor(every: number) {
    this.#ticks$ = interval(every);
  }

  start(): void {
    const subscription = this.#ticks$.subscribe(() => this.show());
    this.#stop = () => subscription.unsubscribe();
  }

  stop(): void {
    this.#stop();
  }

  protected abstract show(): void;
}

class Table extends Periodic {
  #height = 0;

  constructor(
    private readonly output: Output,
    private readonly env: Environment,
    private readonly model: () => Model,
  ) {
    super(100);
  }

  override start(): void {
    this.output.write(HIDE_CURSOR);
    this.show();
    super.start();
  }

  override stop(): void {
    super.stop();
    this.show();
    this.output.write(SHOW_CURSOR);
  }

  protected override show(): void {
    // A terminal that does not know its size says 0.
    const columns = this.output.columns || 80;
    const rows = this.output.rows || 24;
    const lines = render(this.model(), { columns, rows, paint: this.env['NO_COLOR'] ? plain : coloured });
    const up = this.#height > 0 ? `\x1b[${this.#height}A\r` : '';
    this.#height = lines.length;
    this.output.write(`${up}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
  }
}

class Lines extends Periodic {
  #shown = 0;

  constructor(
    private readonly output: Output,
    private readonly model: () => Model,
  ) {
    super(1_000);
  }

  protected override show(): void {
    const model = this.model();
    this.output.write(`${renderLine(model, model.answered - this.#shown)}\n`);
    this.#shown = model.answered;
  }
}
