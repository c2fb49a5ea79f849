import type { ZcachedErrorKind } from './errors.js';
import { ZcachedServerError } from './errors.js';
import type { ErrorReply } from './value.js';

/** The error texts of both generations. Only the first two may repeat what a user sent. */
const KINDS: ReadonlyMap<string, ZcachedErrorKind> = new Map([
  ['ERR unknown command', 'UNKNOWN_COMMAND'],
  ['ERR not found', 'NOT_FOUND'],
  ['TYPERR invalid type', 'TYPE'],
  ['TYPERR not integer', 'TYPE'],
  ['TYPERR not boolean', 'TYPE'],
  ['TYPERR key not string', 'TYPE'],
  ['ERR key must be a string', 'TYPE'],
  ['BUSYKEY key already exists', 'BUSY_KEY'],
  ['ERR key already exists', 'BUSY_KEY'],
  ['NOAUTH not whitelisted', 'NOT_ALLOWED'],
  ['ERR not whitelisted', 'NOT_ALLOWED'],
  ['ERR max number of clients reached', 'TOO_MANY_CLIENTS'],
  ['NOSAVE error while saving data', 'NO_SAVE'],
  ['ERR there is no data to save', 'NO_SAVE'],
  ['ERR maximum payload size exceeded', 'TOO_LARGE'],
  ['ERR bulk too large', 'TOO_LARGE'],
  ['ERR bad request', 'BAD_REQUEST'],
  ['ERR unprocessable', 'BAD_REQUEST'],
  ['INVAL invalid length', 'BAD_REQUEST'],
  ['ERR invalid length', 'BAD_REQUEST'],
]);

function kindOf(text: string): ZcachedErrorKind {
  const known = KINDS.get(text);
  if (known) return known;
  if (text.startsWith("ERR unknown command '")) return 'UNKNOWN_COMMAND';
  return text.startsWith("ERR '") && text.endsWith("' not found") ? 'NOT_FOUND' : 'UNEXPECTED';
}

/** The typed error for an error reply. */
export const serverError = (request: string, reply: ErrorReply): ZcachedServerError =>
  new ZcachedServerError(request, kindOf(reply.text), reply.text);
