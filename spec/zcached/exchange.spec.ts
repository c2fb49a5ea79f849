// Tests the private writeTogether() directly: the peer of a socket does not see where a write ended.

import type { Socket } from 'node:net';
import { encodeRequest } from '../../src/zcached/encode.js';
import { writeTogether } from '../../src/zcached/exchange.js';
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
  writeTogether(socket as unknown as Socket, exchanges, endFrames);
  return writes;
}

describe('frames that go out together', () => {
  const frame = (text: string): string => encodeRequest('ECHO', [text], 2 ** 20).text;

  it('are joined', () => {
    expect(written(['a', 'b'])).toEqual([[frame('a') + frame('b'), 'latin1']]);
  });

  it('are joined without 0x03 where it is not wanted', () => {
    expect(written(['a', 'b'], false)).toEqual([[(frame('a') + frame('b')).replaceAll('\x03', ''), 'latin1']]);
  });

  it('stay apart where bytes and characters cannot be joined', () => {
    expect(written(['a', 'ž', Uint8Array.of(0xff)]).map(([, encoding]) => encoding)).toEqual([
      'latin1',
      'utf8',
      'latin1',
    ]);
  });

  it('make no string that grows without a bound', () => {
    const large = 'x'.repeat(50_000);
    const writes = written(Array<string>(10).fill(large)).map(([text]) => text);
    expect(writes.join('')).toBe(frame(large).repeat(10));
    expect(Math.max(...writes.map((text) => text.length))).toBeLessThan(2 * 64 * 1024);
  });
});
