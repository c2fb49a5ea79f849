import { ChangeDetectionStrategy, Component, inject, PendingTasks, signal } from '@angular/core';
import { connectedConnections, injectConnectionPool, poolEvents, poolHealth } from 'rxpool/angular';
import type { EchoConnection } from './echo-connection.js';

/** Shows a pool by signals alone. */
@Component({
  selector: 'app-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p id="health">{{ health().status }}: {{ health().connected }} of {{ health().poolSize }}, {{ health().pending }}</p>
    <ul id="connections">
      @for (each of connections(); track each) {
        <li>{{ each.name }}</li>
      }
    </ul>
    <ol id="events">
      @for (event of events(); track event) {
        <li>{{ event.type }}</li>
      }
    </ol>
    <output id="reply">{{ reply() }}</output>
  `,
})
export class View {
  protected readonly health = poolHealth();
  protected readonly connections = connectedConnections<EchoConnection>();
  protected readonly events = poolEvents(undefined, { keep: 5 });
  protected readonly reply = signal('');

  constructor() {
    const pool = injectConnectionPool<EchoConnection>();
    // A server sends the page when this has settled.
    inject(PendingTasks).run(async () => {
      const reply = pool.use((connection) => connection.send('hello'));
      this.reply.set(await reply.catch((error: Error) => `${error.name}: ${error.message}`));
    });
  }
}
