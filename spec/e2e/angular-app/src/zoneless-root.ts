import {
  ChangeDetectionStrategy,
  Component,
  createEnvironmentInjector,
  EnvironmentInjector,
  inject,
  signal,
} from '@angular/core';
import { connectionPoolToken, provideConnectionPool } from 'rxpool/angular';
import type { EchoConnection } from './echo-connection.js';
import { settings } from './settings.js';
import { View } from './view.js';

const OTHER = connectionPoolToken<EchoConnection>('other');

@Component({
  selector: 'app-root',
  imports: [View],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (isShown()) {
      <app-view />
    }
    <button id="hide" (click)="isShown.set(false)">Hide</button>
    <button id="open" (click)="open()">Open another pool</button>
    <button id="destroy" (click)="injector?.destroy()">Destroy its injector</button>
  `,
})
export class ZonelessRoot {
  protected readonly isShown = signal(true);
  readonly #parent = inject(EnvironmentInjector);
  protected injector: EnvironmentInjector | undefined;

  protected open(): void {
    this.injector = createEnvironmentInjector([provideConnectionPool(settings, OTHER)], this.#parent);
    this.injector.get(OTHER);
  }
}
