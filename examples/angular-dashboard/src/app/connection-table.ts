import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import type { PoolReport } from '#nestjs-app/pool-reports.js';
import { duration } from './format.js';
import { Lifeline } from './lifeline.js';
import { PHASE_TONES } from './status.js';
import { ToneIcon } from './tone-icon.js';

/** Each connection of a pool, as it lives. */
@Component({
  selector: 'app-connection-table',
  imports: [Lifeline, ToneIcon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <table>
      <caption class="visually-hidden">Connections</caption>
      <thead>
        <tr>
          <th scope="col">Connection</th>
          <th scope="col">State</th>
          <th scope="col" class="life">Last minute</th>
          <th scope="col" class="number">Load</th>
          <th scope="col" class="number">Age</th>
          <th scope="col" class="number">Reconnects</th>
          <th scope="col"><span class="visually-hidden">Action</span></th>
        </tr>
      </thead>
      <tbody>
        @for (row of rows(); track row.name) {
          <tr [attr.data-phase]="row.phase">
            <th scope="row">
              <span class="name">{{ row.name }}</span>
              <span class="endpoint">{{ row.endpoint }}</span>
            </th>
            <td class="state">
              <span class="phase"><app-tone-icon [tone]="row.tone" />{{ row.phase }}</span>
              <span class="since">for {{ row.inPhase }}</span>
            </td>
            <td class="life"><app-lifeline [phases]="row.phases" [at]="report().at" /></td>
            <td class="number" data-label="Load">{{ row.load }}</td>
            <td class="number" data-label="Age">{{ row.age }}</td>
            <td class="number" data-label="Reconnects">{{ row.reconnects }}</td>
            <td class="action">
              <button type="button" [attr.aria-label]="'Cut ' + row.name" (click)="cut.emit(row.name)">Cut</button>
            </td>
          </tr>
        } @empty {
          <tr>
            <td colspan="7" class="none">No connections</td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styleUrl: './connection-table.css',
})
export class ConnectionTable {
  readonly report = input.required<PoolReport>();
  /** Emits the name of a connection that is to be cut. */
  readonly cut = output<string>();

  protected readonly rows = computed(() => {
    const { at, connections } = this.report();
    return connections.map(({ name, endpoint, load, joinedAt, reconnects, phases }) => {
      const { phase, since } = phases.at(-1) ?? { phase: 'fresh', since: at };
      const tone = PHASE_TONES[phase];
      return {
        name,
        endpoint,
        load,
        reconnects,
        phases,
        phase,
        tone,
        age: duration(at - joinedAt),
        inPhase: duration(at - since),
      };
    });
  });
}
