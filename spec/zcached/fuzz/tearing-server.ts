// Drives private parts of the embedded server: pieces that a socket sends apart may be read together.

import { DIALECTS } from '../../../src/testing/node/dialect.js';
import { resolveFlaws } from '../../../src/testing/node/flaws.js';
import { framingFor } from '../../../src/testing/node/framing.js';
import { Store } from '../../../src/testing/node/store.js';

const dialect = DIALECTS['2024'];
const HANDSHAKE = ['*1\r\n$4\r\nPING\r\n\x03', '*1\r\n$4\r\nPING\r\n\x03'];

/**
 * The commands that a server of 2024 runs where each piece is what one read gives it. What it has read before on the
 * connection, the handshake and earlier requests, stands in its buffer behind each piece.
 */
function commandsRun(pieces: readonly string[], earlier: readonly string[] = []): string[] {
  const run: string[] = [];
  const heard = ([command = '']: readonly string[]): void => {
    const name = command.toUpperCase();
    if (dialect.commands.has(name)) run.push(name);
  };
  const flaws = resolveFlaws('2024');
  const store = new Store({ dialect, flaws, now: () => 0, heard, crash: () => {} });
  const framing = framingFor('2024', flaws);
  for (const piece of [...HANDSHAKE, ...earlier]) framing.take(piece);
  for (const piece of pieces) {
    for (const request of framing.take(piece)) store.answer(request);
  }
  return run;
}

/** Stays in the buffer behind shorter requests: what commands are made of. */
const EARLIER = ['MSET', 'FLUSH', 'SAVE', 'KEYS', 'FLUSH', '*', '$5', '$4', 'FLUSH', '1', 'LASTSAVE', '*1x', 'FLUSH'];
const EARLIER_WIRE = `*${EARLIER.length}\r\n${EARLIER.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`;

/** Throws where the server runs a command that was not sent, when a request arrives cut at these places. */
export function judgeCut(request: string, command: string, places: readonly number[]): void {
  const ends = [...places, request.length];
  const pieces = ends.map((end, index) => request.slice(ends[index - 1] ?? 0, end)).filter((piece) => piece !== '');
  const sent = ['PING', 'MSET', command.toUpperCase()];
  const stray = commandsRun(pieces, [EARLIER_WIRE]).find((name) => !sent.includes(name));
  if (stray === undefined) return;
  throw new Error(`${stray} is run by ${JSON.stringify(request)}, cut at ${places.join(' and ')}`);
}

/** Cuts a request at each byte. */
export function judgeEachCut(request: string, command: string): void {
  for (let place = 1; place < request.length; place++) judgeCut(request, command, [place]);
}

/** Cuts a request at each two bytes. */
export function judgeEachTwoCuts(request: string, command: string): void {
  for (let first = 1; first < request.length; first++) {
    for (let second = first + 1; second < request.length; second++) judgeCut(request, command, [first, second]);
  }
}
