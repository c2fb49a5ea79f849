import { ConnectionPool, dialWhile } from 'rxpool';
import { pageAwake, WebSocketConnection } from 'rxpool/websocket';

// Of the page; the types of Node have no part of it.
declare const window: object;
declare const document: EventTarget;

interface Ask {
  readonly ask: string;
}

interface Answer {
  readonly id?: number;
  readonly answer?: string;
}

/** How often the page has dialled. */
let dials = 0;

/** The WebSocket of the browser, whose constructions are counted. */
class Counted extends WebSocket {
  constructor(url: string, protocols?: string[]) {
    super(url, protocols);
    dials++;
  }
}

const events: string[] = [];

const pool = new ConnectionPool(
  2,
  () => new WebSocketConnection<Ask, Answer>('/socket', { WebSocket: Counted, ping: () => ({ ask: 'ping' }) }),
  { breaker: dialWhile(pageAwake()) },
);
pool.events$.subscribe(({ type }) => events.push(type));

/** What the test reads and calls. */
const inPage = {
  health: () => pool.health,
  dials: () => dials,
  events,
  endpoint: () => pool.connections[0]?.endpoint,
  causes: () => pool.connections.map(({ cause }) => cause && { ...(cause as object) }),
  ready: () => pool.ready({ min: 2 }),
  ask: async (ask: string) => (await pool.use((connection) => connection.request({ ask }))).answer,
  failed: async (url: string, options: object) => {
    const error = await new WebSocketConnection(url, options).connect().catch((reason: unknown) => reason);
    return { ...(error as Error), message: (error as Error).message };
  },
  setVisibility: (state: string) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  },
  dispose: () => pool.dispose(),
};

export type InPage = typeof inPage;

Object.assign(window, { inPage });
