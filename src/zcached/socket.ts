import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ZcachedSettings } from './options.js';

const KEEP_ALIVE_DELAY = 30_000;
/**
 * As large as one read of Node. One buffer serves all sockets, because its bytes are taken out before the next read.
 */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The listener of a socket. */
export interface SocketListener {
  /** The socket is connected; with TLS, the server's certificate has been verified. */
  ready(): void;
  /** Bytes have arrived: the first `length` of `buffer`, which is overwritten after this returns. */
  received(buffer: Buffer, length: number): void;
}

/**
 * Begins to connect. Everything received is read into one shared buffer. A buffer for each read, and a stream to pass
 * it on, would cost many times what decoding does.
 */
export function openSocket({ address, tls }: ZcachedSettings, listener: SocketListener): Socket {
  const onread = {
    buffer,
    callback(length: number): boolean {
      listener.received(buffer, length);
      return true;
    },
  };
  const options = { ...address, onread };
  const ready = (): void => listener.ready();
  const socket = tls
    ? connectTls({ ...options, ...tls, servername: tls.servername }).once('secureConnect', ready)
    : connect(options).once('connect', ready);
  // Set here, because TLS ignores them in its options.
  return socket.once('connect', () => socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY));
}
