import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ZcachedSettings } from './options.js';

const KEEP_ALIVE_DELAY = 30_000;

/** Begins to connect. Calls `ready` once somebody is there and, with TLS, has shown that it is who it should be. */
export function openSocket({ address, tls }: ZcachedSettings, ready: () => void): Socket {
  const socket = tls
    ? connectTls({ ...address, ...tls, servername: tls.servername }).once('secureConnect', ready)
    : connect(address).once('connect', ready);
  // Not among the options: TLS does not look at them there.
  return socket.once('connect', () => socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY));
}
