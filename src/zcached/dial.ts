import { ConnectTimeoutError } from '../errors.js';
import { RequestTimeoutError } from '../request/errors.js';
import { Request } from '../request/request.js';
import { nameOf } from './address.js';
import { encodeRequest } from './encode.js';
import { ZcachedConnectError, ZcachedDisconnectedError, ZcachedReplyError } from './errors.js';
import { MAX_REQUEST_BYTES } from './generation.js';
import type { ZcachedSettings } from './options.js';
import type { TransportOwner } from './transport.js';
import { Transport } from './transport.js';
import type { ZcachedValue } from './value.js';

/** The owner of a transport while it is dialled: one that fails is only destroyed. */
const nullOwner: TransportOwner = {
  settled: () => {},
  lost: (transport) => transport.destroy(),
};

/**
 * Connects and waits for the reply to a PING, both within `connectTimeout`: a server that is full accepts a socket and
 * closes it at once, so a connected socket is not enough.
 */
export async function dial(settings: ZcachedSettings, signal: AbortSignal, owner: TransportOwner): Promise<Transport> {
  signal.throwIfAborted();
  const transport = new Transport(settings, nullOwner);
  const abort = (): void => transport.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await handshake(transport, settings);
    // Bytes that arrived with the last reply may have failed the transport.
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

/** The 2025 server ends each reply with 0x03, which may arrive after the reply: a second PING tells the generations apart. */
async function handshake(transport: Transport, settings: ZcachedSettings): Promise<void> {
  const { clock, connectTimeout } = settings;
  const deadline = clock.now() + connectTimeout;
  await ping(transport, settings, connectTimeout);
  if (transport.generation === '2024') await ping(transport, settings, Math.max(0, deadline - clock.now()));
}

async function ping(transport: Transport, { form }: ZcachedSettings, timeout: number): Promise<void> {
  const answer = await new Promise<ZcachedValue>((resolve, reject) => {
    const exchange = { frame: encodeRequest('PING', [], MAX_REQUEST_BYTES['2024']), form };
    transport.table.add(new Request('PING', exchange, timeout, undefined, resolve, reject));
  });
  if (answer !== 'PONG') throw new ZcachedReplyError('PING', 'PONG');
}

function toConnectError({ address, connectTimeout }: ZcachedSettings, transport: Transport, error: unknown): Error {
  if (error instanceof RequestTimeoutError) {
    return new ConnectTimeoutError(`zcached at ${nameOf(address)} did not answer within ${connectTimeout} ms`);
  }
  const failure = transport.failure?.cause ?? error;
  // The dial failed, and no connection was lost: the cause is the error of the socket.
  const isOurs = failure instanceof ZcachedDisconnectedError && failure.cause !== undefined;
  return new ZcachedConnectError(address, isOurs ? failure.cause : failure);
}
