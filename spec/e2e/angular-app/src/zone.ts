import { Component, inject, NgZone, provideZoneChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { injectConnectionPool, provideConnectionPool } from 'rxpool/angular';
import { EchoConnection } from './echo-connection.js';
import { settings } from './settings.js';
import { View } from './view.js';

@Component({ selector: 'app-root', imports: [View], template: '@if (isShown()) { <app-view /> }' })
class ZoneRoot {
  readonly pool = injectConnectionPool<EchoConnection>();
  readonly zone = inject(NgZone);
  readonly isShown = signal(true);
  /** How often the zone was through with something, each of which has Angular look for changes. */
  turns = 0;
  /** How often this component, which is not OnPush, was looked at. */
  checks = 0;

  constructor() {
    this.zone.onMicrotaskEmpty.subscribe(() => this.turns++);
  }

  ngDoCheck(): void {
    this.checks++;
  }

  /** What a test calls. */
  makeConnection(): EchoConnection {
    const [{ url }] = this.pool.connections;
    return new EchoConnection(url);
  }
}

bootstrapApplication(ZoneRoot, { providers: [provideZoneChangeDetection(), provideConnectionPool(settings)] })
  .then(({ components: [{ instance }] }) => Object.assign(globalThis, { root: instance }))
  .catch((error) => console.error(error));
