import { ZcachedUnsupportedError } from './errors.js';

/** The generation of a server. Those of 2025 and later end a reply with 0x03. */
export type Generation = '2024' | '2025';

/**
 * The default limit of a request in bytes. A 2024 server takes the result of one read for a request. One segment on a
 * path with the smallest MTU of IPv6 has room for 1,208 bytes: 1,280 less 72 of headers. A 2025 server resets the
 * connection at 10 MiB.
 */
export const MAX_REQUEST_BYTES: Readonly<Record<Generation, number>> = { '2024': 1208, '2025': 8 * 2 ** 20 };

const NEWER_COMMANDS = new Set(['SIZEOF', 'ECHO', 'RENAME', 'COPY']);

/** Throws for a command that an older server does not know. */
export function checkSupported(generation: Generation, command: string): void {
  if (generation === '2024' && NEWER_COMMANDS.has(command.toUpperCase())) {
    throw new ZcachedUnsupportedError(command, generation, 'this command');
  }
}
