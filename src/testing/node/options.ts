import type { Delay } from './delay-line.js';
import type { ZcachedGeneration } from './dialect.js';
import type { FlawsOption } from './flaws.js';

/** What kind of server to start. */
export interface ZcachedServerOptions {
  /** @default '2025' */
  readonly generation?: ZcachedGeneration | undefined;
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** 0 takes a free one; that of a server that is gone restarts it. @default 0 */
  readonly port?: number | undefined;
  /** Of a Unix domain socket, to listen there instead of at a port. */
  readonly path?: string | undefined;
  /** TLS 1.3, as the 2025 server speaks it: it goes without a close_notify. */
  readonly tls?: ServerTls | undefined;
  /** Milliseconds from a request to its reply, or what says how many for each; order is kept. @default 0 */
  readonly latency?: Delay | undefined;
  /** Clients at once; one more is accepted and hung up on, without a word. @default Infinity */
  readonly maxClients?: number | undefined;
  /** A larger request is answered with a reset; the 2024 server takes any. @default 10485760 */
  readonly maxRequestBytes?: number | undefined;
  /** What it gets wrong; `false` for nothing, so that requests can be pipelined. @default the generation's own */
  readonly flaws?: FlawsOption | undefined;
  /**
   * Called with every request that is well-formed: its command and arguments, one character per byte, and the
   * empty string for what is no string.
   */
  readonly onRequest?: ((request: readonly string[]) => void) | undefined;
}

/** In PEM. */
interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** Who signs the certificates of clients. */
  readonly ca?: string | undefined;
  /** Refuses a client without a certificate. @default false */
  readonly requestCert?: boolean | undefined;
}
