import {
  afterRenderEffect,
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  inject,
  input,
  signal,
} from '@angular/core';
import uPlot from 'uplot';
import { WINDOW } from '#nestjs-app/pool-reports.js';
import { ColorScheme } from './color-scheme.js';
import { figure } from './format.js';

/** One line of a chart. */
export interface Line {
  readonly title: string;
  /** The custom property of CSS that holds its colour. */
  readonly color: string;
  /** Whether its dashes tell it from the others. */
  readonly isDashed: boolean;
  /** Whether the area below it is filled. */
  readonly isFilled: boolean;
}

const HEIGHT = 180;
const SECONDS = WINDOW / 1_000;

/** Lines over the last minute, drawn by uPlot. To a screen reader it is an image, with a label that says the latest figures. */
@Component({
  selector: 'app-line-chart',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: '',
  styleUrl: './line-chart.css',
  host: { role: 'img', '[attr.aria-label]': 'label()' },
})
export class LineChart {
  readonly label = input.required<string>();
  readonly lines = input.required<readonly Line[]>();
  /** The seconds before now, which are not positive, and the values of each line. */
  readonly data = input.required<uPlot.AlignedData>();
  /** The least value at the top of the scale. */
  readonly least = input.required<number>();

  readonly #element: HTMLElement = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  readonly #scheme = inject(ColorScheme);
  readonly #chart = signal<uPlot | undefined>(undefined);

  constructor() {
    // uPlot reads its colours once: another scheme takes another chart.
    afterRenderEffect((onCleanup) => {
      this.#scheme.isDark();
      const chart = new uPlot(this.#options(), [[]], this.#element);
      this.#chart.set(chart);
      onCleanup(() => chart.destroy());
    });
    afterRenderEffect(() => this.#chart()?.setData(this.data()));
    const observer = new ResizeObserver(() =>
      this.#chart()?.setSize({ width: this.#element.clientWidth, height: HEIGHT }),
    );
    observer.observe(this.#element);
    inject(DestroyRef).onDestroy(() => observer.disconnect());
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this.#element);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      font: `12px ${style.fontFamily}`,
      stroke: color('--muted'),
      grid: { stroke: color('--grid'), width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.#element.clientWidth,
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [-SECONDS, 0] },
        y: { range: (_, _low, high) => [0, Math.max(this.least(), (high ?? 0) * 1.15)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          splits: () => [-SECONDS, -SECONDS / 2, 0],
          values: (_, splits) => splits.map((second) => (second === 0 ? 'now' : `−${-second} s`)),
        },
        { ...axis, size: 44, space: 36, values: (_, splits) => splits.map(figure) },
      ],
      series: [
        {},
        ...this.lines().map(
          ({ title, color: name, isDashed, isFilled }): uPlot.Series => ({
            label: title,
            stroke: color(name),
            width: 2,
            points: { show: false },
            ...(isDashed && { dash: [6, 4] }),
            ...(isFilled && { fill: `${color(name)}22` }),
          }),
        ),
      ],
    };
  }
}
