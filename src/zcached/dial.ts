import { isIP } from 'node:net';
import { abortable } from '../abort.js';
import { MAX_TIMER_DELAY } from '../checks.js';
import { deadline, TIMER_PARTS } from '../clock.js';
import { ConnectTimeoutError } from '../errors.js';
import { Request } from '../request/request.js';
import { nameOf, type ZcachedAddress } from './address.js';
import { encodeRequest } from './encode.js';
import { ZcachedConnectError, ZcachedDisconnectedError, ZcachedReplyError } from './errors.js';
import { firstSuccess } from './first-success.js';
import { MAX_REQUEST_BYTES } from './generation.js';
import { lookUp } from './look-up.js';
import type { ZcachedSettings } from './options.js';
import type { TransportOwner } from './transport.js';
import { Transport } from './transport.js';
import type { ZcachedValue } from './value.js';

/** The owner of a transport during its dial: a transport that fails is only destroyed. */
const nullOwner: TransportOwner = {
  ended: () => {},
  settled: () => {},
  lost: (transport) => transport.destroy(),
};

/**
 * Connects and waits for the reply to a PING, within `connectTimeout`. A connected socket is not enough, because a full
 * server accepts a socket and closes it at once. Of several addresses, the first that answers is used.
 */
export async function dial(settings: ZcachedSettings, signal: AbortSignal, owner: TransportOwner): Promise<Transport> {
  signal.throwIfAborted();
  const { address, clock, connectTimeout } = settings;
  const dialling = new AbortController();
  const abort = (): void => dialling.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let isLate = false;
  const expired = (): void => {
    isLate = true;
    dialling.abort();
  };
  const cancel = deadline(clock, connectTimeout, expired, TIMER_PARTS);
  try {
    return await connectFirst(settings, dialling.signal, owner);
  } catch (error) {
    if (!isLate) throw error;
    throw new ConnectTimeoutError(`zcached at ${nameOf(address)} did not answer within ${connectTimeout} ms`);
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

async function connectFirst(settings: ZcachedSettings, signal: AbortSignal, owner: TransportOwner): Promise<Transport> {
  const { address, clock } = settings;
  const { host, port } = address;
  if (host === undefined || isIP(host) !== 0) return connect(settings, address, signal, owner);
  const hosts = await abortable(lookUp(host), signal).catch((error: unknown) => {
    throw new ZcachedConnectError(address, error);
  });
  return firstSuccess(
    hosts.map((found) => (ended: AbortSignal) => connect(settings, { host: found, port }, ended, owner)),
    { signal, after: (delay, work) => clock.after(delay, work), undo: (transport) => transport.destroy() },
  );
}

/** Connects to one address and waits for the reply to a PING. */
async function connect(
  settings: ZcachedSettings,
  address: ZcachedAddress,
  signal: AbortSignal,
  owner: TransportOwner,
): Promise<Transport> {
  const transport = new Transport({ ...settings, address }, nullOwner);
  const abort = (): void => transport.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await handshake(transport, settings);
    // Bytes that arrived with the last reply may have made the transport fail.
    if (transport.failure) throw transport.failure.cause;
    transport.attach(owner);
    return transport;
  } catch (error) {
    transport.destroy();
    throw toConnectError(settings, transport, error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * A 2025 server ends each reply with 0x03, which may arrive after the reply. A second PING tells the generations apart.
 */
async function handshake(transport: Transport, settings: ZcachedSettings): Promise<void> {
  await ping(transport, settings);
  if (transport.generation === '2024') await ping(transport, settings);
}

async function ping(transport: Transport, { form }: ZcachedSettings): Promise<void> {
  const answer = await new Promise<ZcachedValue>((resolve, reject) => {
    const exchange = { frame: encodeRequest('PING', [], MAX_REQUEST_BYTES['2024']), form };
    // Only the deadline of the dial applies.
    transport.table.add(new Request('PING', exchange, MAX_TIMER_DELAY, undefined, resolve, reject));
  });
  if (answer !== 'PONG') throw new ZcachedReplyError('PING', 'PONG');
}

function toConnectError({ address }: ZcachedSettings, transport: Transport, error: unknown): Error {
  const failure = transport.failure?.cause ?? error;
  // The dial failed; no connection was lost. So the cause is the error of the socket.
  const isOurs = failure instanceof ZcachedDisconnectedError && failure.cause !== undefined;
  return new ZcachedConnectError(address, isOurs ? failure.cause : failure);
}
