import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import type { Tone } from './status.js';

/** A shape for a tone, beside its word: neither says by colour alone how things are. */
@Component({
  selector: 'app-tone-icon',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <svg viewBox="0 0 16 16" aria-hidden="true">
      @switch (tone()) {
        @case ('good') {
          <circle cx="8" cy="8" r="8" />
          <path class="mark" d="m4.5 8.3 2.4 2.4 4.6-5" />
        }
        @case ('busy') {
          <path d="M8 0 16 8 8 16 0 8z" />
          <path class="mark" d="M8 4.6V8l2.2 1.6" />
        }
        @case ('bad') {
          <path d="M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7z" />
          <path class="mark" d="m5.2 5.2 5.6 5.6m0-5.6-5.6 5.6" />
        }
        @default {
          <circle class="ring" cx="8" cy="8" r="6.75" />
        }
      }
    </svg>
  `,
  styleUrl: './tone-icon.css',
  host: { '[class]': 'tone()' },
})
export class ToneIcon {
  readonly tone = input.required<Tone>();
}
