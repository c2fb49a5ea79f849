import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type uPlot from 'uplot';
import { figure } from './format.js';
import { type Line, LineChart } from './line-chart.js';
import type { Sample } from './traffic.js';

/** One line of a chart, and the figure of a sample that it shows. */
export interface ChartLine extends Line {
  readonly of: (sample: Sample) => number | null;
}

/** A chart, and its figures in a table beside it. */
@Component({
  selector: 'app-chart-card',
  imports: [LineChart],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 [id]="id()">{{ title() }} <span class="unit">{{ unit() }}</span></h2>
    <app-line-chart [label]="label()" [lines]="lines()" [data]="data()" [least]="least()" />
    <table [attr.aria-labelledby]="id()">
      <thead>
        <tr>
          <th scope="col"><span class="visually-hidden">Line</span></th>
          <th scope="col">Now</th>
          <th scope="col">Mean</th>
          <th scope="col">Max</th>
        </tr>
      </thead>
      <tbody>
        @for (row of rows(); track row.title) {
          <tr>
            <th scope="row">
              <svg viewBox="0 0 24 4" aria-hidden="true" [style.color]="'var(' + row.color + ')'">
                <path d="M1 2h22" [attr.stroke-dasharray]="row.isDashed ? '6 5' : null" />
              </svg>
              {{ row.title }}
            </th>
            <td>{{ row.now }}</td>
            <td>{{ row.mean }}</td>
            <td>{{ row.max }}</td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styleUrl: './chart-card.css',
})
export class ChartCard {
  readonly id = input.required<string>();
  readonly title = input.required<string>();
  readonly unit = input.required<string>();
  readonly lines = input.required<readonly ChartLine[]>();
  readonly samples = input.required<readonly Sample[]>();
  readonly least = input.required<number>();

  protected readonly data = computed((): uPlot.AlignedData => {
    const samples = this.samples();
    const now = samples.at(-1)?.at ?? 0;
    return [samples.map(({ at }) => (at - now) / 1_000), ...this.lines().map(({ of }) => samples.map(of))];
  });

  protected readonly rows = computed(() => {
    const samples = this.samples();
    return this.lines().map(({ title, color, isDashed, of }) => {
      const values = samples.map(of).filter((value) => value !== null);
      const mean = values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
      const latest = samples.at(-1);
      return {
        title,
        color,
        isDashed,
        now: figure(latest ? of(latest) : null),
        mean: figure(mean),
        max: figure(values.length > 0 ? Math.max(...values) : null),
      };
    });
  });

  protected readonly label = computed(() => {
    const latest = this.rows().map(({ title, now }) => `${title.toLowerCase()} ${now}`);
    return `Chart of the last minute. ${this.title()}, ${this.unit()}, now: ${latest.join(', ')}.`;
  });
}
