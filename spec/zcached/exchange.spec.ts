// Tests the private writeAll() directly: the peer of a socket does not see where a write ended.

import type { Socket } from 'node:net';
import { encodeRequest } from '../../src/zcached/encode.js';
import { writeAll } from '../../src/zcached/exchange.js';
import { DEFAULT_FORM } from '../../src/zcached/value.js';

/** What a socket is asked to write. */
function written(values: readonly (string | Uint8Array)[], endFrames = true): [text: string, encoding: string][] {
  const writes: [string, string][] = [];
  const socket = {
    writableCorked: 0,
    cork: () => socket.writableCorked++,
    uncork: () => {},
    write: (text: string, encoding: string) => writes.push([text, encoding]),
  };
  const exchanges = values.map((value) => ({
    frame: encodeRequest('ECHO', [value], 2 ** 20),
    form: DEFAULT_FORM,
  }));
  writeAll(socket as unknown as Socket, exchanges, endFrames);
  return writes;
}

describe('frames that go out together', () => {
  const frame = (text: string): string => encodeRequest('ECHO', [text], 2 ** 20).text;

  it('frames that are written together are joined into one write', () => {
    expect(written(['a', 'b'])).toEqual([[frame('a') + frame('b'), 'latin1']]);
  });

  it('frames are joined without 0x03 for a server that does not want it', () => {
    expect(written(['a', 'b'], false)).toEqual([[(frame('a') + frame('b')).replaceAll('\x03', ''), 'latin1']]);
  });

  it('frames of bytes and of characters are not joined', () => {
    expect(written(['a', 'ž', Uint8Array.of(0xff)]).map(([, encoding]) => encoding)).toEqual([
      'latin1',
      'utf8',
      'latin1',
    ]);
  });

  it('joined frames never exceed the bound of one write', () => {
    const large = 'x'.repeat(50_000);
    const writes = written(Array<string>(10).fill(large)).map(([text]) => text);
    expect(writes.join('')).toBe(frame(large).repeat(10));
    expect(Math.max(...writes.map((text) => text.length))).toBeLessThan(2 * 64 * 1024);
  });
});
