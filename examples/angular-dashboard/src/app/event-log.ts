import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { clockTime } from './format.js';
import type { LogEntry } from './log.js';
import { ToneIcon } from './tone-icon.js';

/** The latest events of a pool, the newest first. It can be scrolled by keyboard. */
@Component({
  selector: 'app-event-log',
  imports: [ToneIcon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="scroll" role="region" tabindex="0" [attr.aria-labelledby]="heading()">
      <ol>
        @for (entry of entries(); track entry.id) {
          <li [attr.data-type]="entry.type">
            <app-tone-icon [tone]="entry.tone" />
            <span class="text">
              <b>{{ entry.name }}</b> {{ entry.text }}
              @if (entry.count > 1) {
                <span class="count"><span aria-hidden="true">×</span>{{ entry.count }}<span class="visually-hidden"> times</span></span>
              }
            </span>
            <time>{{ clockTime(entry.at) }}</time>
          </li>
        } @empty {
          <li class="none">Nothing has happened yet. Cut a connection, or stop the server.</li>
        }
      </ol>
    </div>
  `,
  styleUrl: './event-log.css',
})
export class EventLog {
  readonly entries = input.required<readonly LogEntry[]>();
  /** The id of the heading of the log. */
  readonly heading = input.required<string>();
  protected readonly clockTime = clockTime;
}
