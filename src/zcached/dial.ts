import { ConnectTimeoutError } from '../errors.js';
import { RequestTimeoutError } from '../request/errors.js';
import { Request } from '../request/request.js';
import { encodeRequest } from './encode.js';
import { ZcachedConnectError, ZcachedReplyError } from './errors.js';
import type { ZcachedSettings } from './options.js';
import type { TransportOwner } from './transport.js';
import { Transport } from './transport.js';
import type { ZcachedValue } from './value.js';

/** Nobody's yet: a transport that fails while it is being dialled only cleans up after itself. */
const nobody: TransportOwner = {
  settled: () => {},
  lost: (transport) => void transport.close(),
};

/**
 * Connects and has a PING answered, all within `connectTimeout`: a server that is full accepts and closes at
 * once, so a connection alone proves nothing.
 */
export async function dial(settings: ZcachedSettings, signal: AbortSignal, owner: TransportOwner): Promise<Transport> {
  signal.throwIfAborted();
  const transport = new Transport(settings, nobody);
  const abort = (): void => void transport.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const answer = await ping(transport, settings);
    if (answer !== 'PONG') throw new ZcachedReplyError('PING', 'PONG');
    // More may have come with it.
    if (transport.failure) throw transport.failure.cause;
    transport.handOver(owner);
    return transport;
  } catch (error) {
    void transport.close();
    throw explain(settings, transport, error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Written at once: the socket keeps it until it is connected. */
const ping = (transport: Transport, { connectTimeout, maxRequestBytes }: ZcachedSettings): Promise<ZcachedValue> =>
  new Promise((resolve, reject) => {
    const frame = encodeRequest('PING', [], maxRequestBytes);
    transport.table.add(new Request('PING', frame, connectTimeout, undefined, resolve, reject));
  });

function explain({ host, port, connectTimeout }: ZcachedSettings, transport: Transport, error: unknown): Error {
  if (error instanceof RequestTimeoutError) {
    return new ConnectTimeoutError(`zcached at ${host}:${port} did not answer within ${connectTimeout} ms`);
  }
  return new ZcachedConnectError(host, port, transport.failure?.cause ?? error);
}
