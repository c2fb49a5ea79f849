import type { Delay } from './delay-line.js';
import type { ZcachedGeneration } from './dialect.js';
import type { FlawsOption } from './flaws.js';

/** Options of a server. */
export interface ZcachedServerOptions {
  /** The generation. @default '2025' */
  readonly generation?: ZcachedGeneration | undefined;
  /** The host to listen at. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** The port to listen at; 0 takes a free one. Use the port of a closed server to restart it. @default 0 */
  readonly port?: number | undefined;
  /** The path of a Unix domain socket, to listen there instead of at a port. */
  readonly path?: string | undefined;
  /** Uses TLS 1.3 like the 2025 server, which closes without a close_notify. */
  readonly tls?: ServerTls | undefined;
  /** Milliseconds from a request to its reply, or a function that returns them for each; order is kept. @default 0 */
  readonly latency?: Delay | undefined;
  /** How many clients may be connected. A further one is accepted and closed at once. @default Infinity */
  readonly maxClients?: number | undefined;
  /** Bytes of a request. A larger one is answered with a reset; the 2024 server accepts any. @default 10485760 */
  readonly maxRequestBytes?: number | undefined;
  /** The server's flaws; `false` for none, so that requests can be pipelined. @default the generation's own */
  readonly flaws?: FlawsOption | undefined;
  /**
   * Called with every well-formed request: its command and arguments, one character per byte, and an empty string for
   * anything that is not a string.
   */
  readonly onRequest?: ((request: readonly string[]) => void) | undefined;
}

/** Certificates in PEM. */
interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** The authority that signs the certificates of clients. */
  readonly ca?: string | undefined;
  /** Refuses a client without a certificate. @default false */
  readonly requestCert?: boolean | undefined;
}
