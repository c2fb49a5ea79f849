import { ZcachedReplyError, ZcachedServerError } from './errors.js';
import type { ZcachedValue } from './value.js';

/** Whether an error of the server means that the key does not exist; neither generation has a reply for that. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof ZcachedServerError && error.kind === 'NOT_FOUND';

export function expectOk(command: string, reply: ZcachedValue): void {
  if (reply !== 'OK') throw new ZcachedReplyError(command, 'OK');
}

export function text(command: string, reply: ZcachedValue): string {
  if (typeof reply === 'string') return reply;
  throw new ZcachedReplyError(command, 'a string');
}

export function integer(command: string, reply: ZcachedValue): number {
  if (typeof reply === 'number') return reply;
  throw new ZcachedReplyError(command, 'an integer');
}

const isTexts = (reply: ZcachedValue): reply is string[] =>
  Array.isArray(reply) && reply.every((item) => typeof item === 'string');

export function texts(command: string, reply: ZcachedValue): string[] {
  if (isTexts(reply)) return reply;
  throw new ZcachedReplyError(command, 'an array of strings');
}

/** Looks up keys in a map of either form. */
export function lookup(command: string, reply: ZcachedValue): (key: string) => ZcachedValue | undefined {
  if (reply instanceof Map) return (key) => reply.get(key);
  const bag: unknown = reply;
  // Without a prototype, every member is a key of the map.
  if (typeof bag === 'object' && bag !== null && Object.getPrototypeOf(bag) === null) {
    return (key) => (bag as { readonly [key: string]: ZcachedValue })[key];
  }
  throw new ZcachedReplyError(command, 'a map');
}
