import { ZcachedUnsupportedError } from './errors.js';

/** Which generation of server: the 2025 one, and later ones, end a reply with 0x03. */
export type Generation = '2024' | '2025';

/**
 * Longest request in bytes by default. The 2024 server takes what one read gives it for a request: 1,208 bytes are what
 * one segment carries on a path with the smallest MTU of IPv6, 1,280 less 72 of headers. The 2025 server resets the
 * connection on 10 MiB.
 */
export const MAX_REQUEST_BYTES: Readonly<Record<Generation, number>> = { '2024': 1208, '2025': 8 * 2 ** 20 };

const NEWER_COMMANDS = new Set(['SIZEOF', 'ECHO', 'RENAME', 'COPY']);

/** Throws for a command that an older server does not know. */
export function checkSupported(generation: Generation, command: string): void {
  if (generation === '2024' && NEWER_COMMANDS.has(command.toUpperCase())) {
    throw new ZcachedUnsupportedError(command, generation, 'this command');
  }
}
