import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ZcachedSettings } from './options.js';

const KEEP_ALIVE_DELAY = 30_000;
/** As much as Node reads at once. One is enough for all sockets: what is in it has been taken out by the next read. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The listener of a socket. */
export interface SocketListener {
  /** The socket is connected; with TLS, the server's certificate was verified. */
  ready(): void;
  /** Bytes have come: the first `length` of `buffer`, which is read into again once this has returned. */
  received(buffer: Buffer, length: number): void;
}

/**
 * Begins to connect. All that comes is read into one buffer: one for each read, and a stream to hand it on, would cost
 * many times what decoding does.
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
  // Not among the options: TLS does not look at them there.
  return socket.once('connect', () => socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY));
}
