import { DestroyRef, Injectable, inject, signal } from '@angular/core';

/** Which colours are asked for, for what cannot be told by CSS. */
@Injectable({ providedIn: 'root' })
export class ColorScheme {
  readonly #isDark = signal(false);
  readonly isDark = this.#isDark.asReadonly();

  constructor() {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => this.#isDark.set(query.matches);
    follow();
    query.addEventListener('change', follow);
    inject(DestroyRef).onDestroy(() => query.removeEventListener('change', follow));
  }
}
