import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';

/** Sets the traffic, and stops the server and brings it back. */
@Component({
  selector: 'app-controls',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <label [for]="id() + '-rate'">Traffic</label>
    <input
      type="range"
      min="0"
      max="200"
      step="10"
      [id]="id() + '-rate'"
      [value]="rate()"
      [attr.aria-valuetext]="rate() + ' requests a second'"
      #slider
      (input)="rateChange.emit(slider.valueAsNumber)"
    />
    <output [attr.for]="id() + '-rate'">{{ rate() }}<span class="unit"> / s</span></output>
    <button
      type="button"
      [class]="isServerUp() ? 'danger' : 'primary'"
      (click)="isServerUpChange.emit(!isServerUp())"
    >
      {{ isServerUp() ? 'Stop the server' : 'Start the server' }}
    </button>
  `,
  styleUrl: './controls.css',
})
export class Controls {
  readonly id = input.required<string>();
  readonly rate = input.required<number>();
  readonly isServerUp = input.required<boolean>();
  readonly rateChange = output<number>();
  readonly isServerUpChange = output<boolean>();
}
