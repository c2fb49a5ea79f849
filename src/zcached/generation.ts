import { ZcachedUnsupportedError } from './errors.js';

/** Which generation of server: the 2025 one, and later ones, end a reply with 0x03. */
export type Generation = '2024' | '2025';

/**
 * Longest request in bytes that a server accepts by default. A larger `cbuffer` raises the limit of the 2024 server;
 * the 2025 server resets the connection on 10 MiB.
 */
export const MAX_REQUEST_BYTES: Readonly<Record<Generation, number>> = { '2024': 4096, '2025': 8 * 2 ** 20 };

const NEWER_COMMANDS = new Set(['SIZEOF', 'ECHO', 'RENAME', 'COPY']);

/** Throws what an older server would take for something else, or not know at all. */
export function checkSupported(generation: Generation, command: string, hasSets: boolean): void {
  if (generation !== '2024') return;
  if (NEWER_COMMANDS.has(command.toUpperCase())) {
    throw new ZcachedUnsupportedError(command, generation, 'this command');
  }
  if (hasSets) throw new ZcachedUnsupportedError(command, generation, 'a set');
}
