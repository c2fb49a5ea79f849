import {
  createEnvironmentInjector,
  type EnvironmentInjector,
  type EnvironmentProviders,
  Injector,
  NgZone,
  type Provider,
  runInInjectionContext,
} from '@angular/core';
import { ScriptedConnection } from 'rxpool/testing';

type Providers = (Provider | EnvironmentProviders)[];

const made: EnvironmentInjector[] = [];

/** An injector of an application that has no platform: what it provides is all that there is. */
export function makeInjector(providers: Providers, parent?: EnvironmentInjector): EnvironmentInjector {
  const injector = createEnvironmentInjector(providers, parent ?? (Injector.NULL as EnvironmentInjector));
  made.push(injector);
  return injector;
}

/** Destroys those that a test has made. */
export function destroyInjectors(): void {
  for (const injector of made.splice(0)) if (!(injector as { destroyed?: boolean }).destroyed) injector.destroy();
}

/** Calls a function where it may inject. */
export const within = <T>(injector: Injector, run: () => T): T => runInInjectionContext(injector, run);

/** Makes connections without a wire, and keeps them. */
export class Wires {
  readonly connections: ScriptedConnection[] = [];
  readonly connectionFactory = (): ScriptedConnection => {
    const connection = new ScriptedConnection({ name: `c${this.connections.length}` });
    this.connections.push(connection);
    return connection;
  };

  get dials(): number {
    return this.connections.reduce((sum, { dials }) => sum + dials, 0);
  }
}

/** A zone that knows whether what runs now is outside it: the real one needs zone.js, which changes all globals. */
export class ZoneDouble {
  isInside = false;

  readonly provider: Provider = {
    provide: NgZone,
    useValue: Object.assign(Object.create(NgZone.prototype), {
      runOutsideAngular: <T>(run: () => T): T => this.#as(false, run),
    }),
  };

  inside<T>(run: () => T): T {
    return this.#as(true, run);
  }

  #as<T>(isInside: boolean, run: () => T): T {
    const before = this.isInside;
    this.isInside = isInside;
    try {
      return run();
    } finally {
      this.isInside = before;
    }
  }
}
