import type { Socket } from 'node:net';
import type { Frame } from './frame.js';
import type { ReplyForm } from './value.js';

/** A frame to write, and the form in which its reply is decoded. */
export interface Exchange {
  /** The request. */
  readonly frame: Frame;
  /** The form of the reply. */
  readonly form: ReplyForm;
}

/** Frames are joined up to this length. Longer strings save nothing, and a string has a maximum length. */
const MAX_JOINED_CHARS = 64 * 1024;

/** Joins frames and writes them together, because each write to a socket is expensive. */
export function writeAll(socket: Socket, exchanges: readonly Exchange[], endFrames: boolean): void {
  let text = '';
  let encoding: Frame['encoding'] = 'latin1';
  for (const { frame } of exchanges) {
    if (text !== '' && (frame.encoding !== encoding || text.length > MAX_JOINED_CHARS)) {
      // Strings of different encodings cannot be joined; corked writes still leave in one packet.
      if (socket.writableCorked === 0) socket.cork();
      socket.write(text, encoding);
      text = '';
    }
    text += endFrames ? frame.text : frame.text.slice(0, -1);
    encoding = frame.encoding;
  }
  socket.write(text, encoding);
  socket.uncork();
}
