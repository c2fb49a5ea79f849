import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { type PhaseReport, WINDOW } from '#nestjs-app/pool-reports.js';
import { duration } from './format.js';
import { PHASE_TONES, type Tone } from './status.js';

/** The least part of the line that a phase takes: a loss of a few milliseconds would not be seen otherwise. */
const LEAST = 0.008;

const HEIGHTS: Readonly<Record<Tone, number>> = { good: 1, busy: 0.6, bad: 0.25, neutral: 0.25 };

/** The phases of a connection during the last minute: its height tells as much as its colour. */
@Component({
  selector: 'app-lifeline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      @for (piece of pieces(); track piece.since) {
        @if (piece.tone !== 'good') {
          <rect class="gap" [attr.x]="piece.x" [attr.width]="piece.width" height="1" />
        }
        <rect [attr.class]="piece.tone" [attr.x]="piece.x" [attr.y]="piece.y" [attr.width]="piece.width" height="1" />
      }
    </svg>
  `,
  styleUrl: './lifeline.css',
  host: { role: 'img', '[attr.aria-label]': 'label()' },
})
export class Lifeline {
  readonly phases = input.required<readonly PhaseReport[]>();
  /** The present moment, by the clock of the phases. */
  readonly at = input.required<number>();

  protected readonly pieces = computed(() => {
    const at = this.at();
    const position = (time: number): number => Math.max(0, 1 - (at - time) / WINDOW);
    const pieces = this.phases().map(({ phase, since }, index, all) => {
      const x = position(since);
      const end = position(all[index + 1]?.since ?? at);
      const tone = PHASE_TONES[phase];
      return { since, tone, x: Math.min(x, 1 - LEAST), y: 1 - HEIGHTS[tone], width: Math.max(end - x, LEAST) };
    });
    // What is drawn later covers what is drawn before: the lowest comes last.
    return pieces.sort((a, b) => a.y - b.y);
  });

  protected readonly label = computed(() => {
    const phases = this.phases();
    const losses = phases.filter(({ phase }, index) => phase === 'broken' && phases[index - 1]?.phase === 'connected');
    const latest = phases.at(-1);
    const now = latest ? `${latest.phase} for ${duration(this.at() - latest.since)}` : 'unknown';
    return `Last minute: ${now}, lost ${losses.length} ${losses.length === 1 ? 'time' : 'times'}`;
  });
}
