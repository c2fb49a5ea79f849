// Tests the private decoder directly: what it allocates for one hostile frame cannot be told apart in a connection.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ZcachedProtocolError } from 'rxpool/zcached';
import { Decoder } from '../../src/zcached/decoder.js';
import { DEFAULT_LIMITS } from '../../src/zcached/limits.js';
import { until } from '../support/until.js';
import { cut, decode, latin1 } from './decoding.js';

const MIB = 2 ** 20;

describe('Decoder: limits', () => {
  const nested = (depth: number) => latin1(`${'*1\r\n'.repeat(depth)}:1\r\n`);

  it('DEFAULT_LIMITS: 128 levels, 2^20 elements, 64 MiB for one string and for one reply', () => {
    expect(DEFAULT_LIMITS).toEqual({
      maxDepth: 128,
      maxElements: 1_048_576,
      maxBulkBytes: 67_108_864,
      maxReplyBytes: 67_108_864,
    });
  });

  it('Decoder: accepts 128 levels by default, and refuses the 129th', () => {
    expect(decode([nested(128)])).toMatchObject({ replies: [expect.any(Array)], error: undefined });
    expect(decode([nested(129)]).error).toMatchObject({ offset: 128 * 4 });
  });

  it.each(['*', '%', '~', '/'])('Decoder with maxDepth: counts an empty container of type %s as a level', (type) => {
    expect(decode([latin1(`*1\r\n${type}0\r\n`)], { maxDepth: 2 }).replies).toHaveLength(1);
    expect(decode([latin1(`*1\r\n${type}0\r\n`)], { maxDepth: 1 }).error).toMatchObject({ offset: 4 });
  });

  it('Decoder with a higher maxDepth: a million levels do not overflow the stack', () => {
    expect(decode([nested(1_000_000)], { maxDepth: 1e9, maxElements: 1e9 }).error).toBeUndefined();
  });

  it('Decoder with maxElements: counts elements at all levels, and the keys of maps', () => {
    const two = '*2\r\n:1\r\n:2\r\n';
    expect(decode([latin1(`*2\r\n${two}${two}`)], { maxElements: 6 }).error).toBeUndefined();
    expect(decode([latin1(`*2\r\n${two}${two}`)], { maxElements: 5 }).error).toMatchObject({ offset: 16 });
    expect(decode([latin1('%2\r\n')], { maxElements: 4 }).error).toBeUndefined();
    expect(decode([latin1('%2\r\n')], { maxElements: 3 }).error).toMatchObject({ offset: 0 });
  });

  it.each([
    ['*1048576\r\n', undefined],
    ['*1048577\r\n', 0],
    ['~1048577\r\n', 0],
    ['/1048577\r\n', 0],
    ['%524288\r\n', undefined],
    ['%524289\r\n', 0],
    ['*1\r\n*1048575\r\n', undefined],
    ['*1\r\n*1048576\r\n', 4],
    ['$67108855\r\n', undefined],
    ['$67108864\r\n', undefined],
    ['$67108865\r\n', 0],
    ['*1\r\n$67108860\r\n', undefined],
    ['*1\r\n$67108861\r\n', 4],
  ])('Decoder with default limits: after the header %p alone, the offset of its error is %p', (wire, offset) => {
    expect(decode([latin1(wire)]).error?.offset).toBe(offset);
  });

  it('Decoder: throws ZcachedProtocolError when Set.add() throws a RangeError', () => {
    const add = jest.spyOn(Set.prototype, 'add').mockImplementation(() => {
      throw new RangeError('Set maximum size exceeded');
    });
    try {
      const decoder = new Decoder(DEFAULT_LIMITS);
      decoder.push(latin1('~1\r\n:1\r\n'));
      expect(() => decoder.next()).toThrow(ZcachedProtocolError);
    } finally {
      add.mockRestore();
    }
  });

  it('Decoder with maxElements and maxReplyBytes: counts each reply from 0', () => {
    expect(decode([latin1('*1\r\n:1\r\n'.repeat(50))], { maxElements: 1, maxReplyBytes: 8 }).replies).toHaveLength(50);
  });

  it('Decoder with maxBulkBytes: refuses a longer string before its end arrives', () => {
    expect(decode([latin1('$11\r\n')], { maxBulkBytes: 10 }).error).toMatchObject({ offset: 0 });
    expect(decode([latin1('$10\r\n0123456789\r\n')], { maxBulkBytes: 10 }).replies).toEqual(['0123456789']);
    for (const type of ['+', '-']) {
      expect(decode([latin1(`${type}${'x'.repeat(12)}`)], { maxBulkBytes: 10 }).error).toMatchObject({ offset: 0 });
      expect(decode([latin1(`${type}${'x'.repeat(10)}\r\n`)], { maxBulkBytes: 10 }).replies).toHaveLength(1);
    }
  });

  it('Decoder with maxReplyBytes: refuses a reply at the value that exceeds it, wherever it is cut', () => {
    const reply = latin1('*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n');
    expect(decode([reply], { maxReplyBytes: 22 }).error).toBeUndefined();
    for (const maxReplyBytes of [14, 18, 21]) {
      const { error } = decode([reply], { maxReplyBytes });
      expect(error).toMatchObject({ offset: 13 });
      for (const place of reply.keys()) expect(decode(cut(reply, [place]), { maxReplyBytes }).error).toEqual(error);
    }
  });

  it('Decoder with maxReplyBytes: counts the headers of nested arrays', () => {
    const endless = { maxDepth: 1e9, maxElements: 1e9, maxReplyBytes: 40 };
    expect(decode([latin1('*1\r\n'.repeat(10))], endless).error).toBeUndefined();
    expect(decode([latin1('*1\r\n'.repeat(11))], endless).error).toMatchObject({ offset: 40 });
  });

  it('Decoder with limits of 0: accepts only replies that contain nothing of what is limited', () => {
    expect(decode([latin1('+OK\r\n')], { maxDepth: 0, maxElements: 0 }).replies).toEqual(['OK']);
    expect(decode([latin1('*0\r\n')], { maxDepth: 0 }).error).toMatchObject({ offset: 0 });
    expect(decode([latin1('*0\r\n')], { maxElements: 0 }).replies).toEqual([[]]);
    expect(decode([latin1('*1\r\n')], { maxElements: 0 }).error).toMatchObject({ offset: 0 });
    expect(decode([latin1('$0\r\n\r\n+\r\n')], { maxBulkBytes: 0 }).replies).toEqual(['', '']);
    expect(decode([latin1('$1\r\n')], { maxBulkBytes: 0 }).error).toMatchObject({ offset: 0 });
    for (const wire of ['+\r\n', '$0\r\n\r\n', ':1\r\n', '_\r\n', '*0\r\n', '-\r\n']) {
      expect(decode([latin1(wire)], { maxReplyBytes: 0 }).error).toMatchObject({ offset: 0 });
    }
  });
});

describe('Decoder: memory', () => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const used = (): { readonly heap: number; readonly buffers: number } => {
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return { heap: heapUsed, buffers: arrayBuffers };
  };

  it('Decoder: its memory follows the bytes that arrived, not the sizes in headers', async () => {
    const before = used();
    const decoders = Array.from({ length: 200 }, () => {
      const decoder = new Decoder(DEFAULT_LIMITS);
      decoder.push(latin1('*1000000\r\n%9\r\n+k\r\n~9\r\n$60000000\r\nabc'));
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    await until(() => {
      const { heap, buffers } = used();
      return heap + buffers - before.heap - before.buffers < 2 * MIB;
    });
    expect(decoders).toHaveLength(200);
  });

  it('Decoder: frees a string of 32 MiB that arrived in 32 chunks once it is decoded', async () => {
    const before = used().buffers;
    const decoder = new Decoder(DEFAULT_LIMITS);
    decoder.push(latin1(`$${32 * MIB}\r\n`));
    for (let sent = 0; sent < 32; sent++) {
      expect(decoder.next()).toBeUndefined();
      decoder.push(Buffer.alloc(MIB));
    }
    expect(decoder.next()).toBeUndefined();
    // What a collection has found is freed by another thread, in its own time.
    await until(() => used().buffers - before < 34 * MIB);
    decoder.push(latin1('\r\n'));
    expect(decoder.next()).toHaveLength(32 * MIB);
    expect(decoder.drained()).toBe(true);
    await until(() => used().buffers - before < MIB);
    expect(decoder.next()).toBeUndefined();
  });
});

describe('Decoder: reads of each byte', () => {
  /** A chunk that counts how often one of its bytes is read by itself. */
  function counting(bytes: Buffer, count: () => void): Buffer {
    return new Proxy(bytes, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) count();
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  it.each([
    ['a simple string', `+${'x'.repeat(3000)}\r\n`, 1],
    ['an error', `-${'x'.repeat(3000)}\r\n`, 1],
    ['an integer', `:${'0'.repeat(1000)}\r\n`, 1],
    ['a string', `$3000\r\n${'x'.repeat(3000)}\r\n`, 0.01],
  ])('Decoder: reads each byte once at most while %s arrives in chunks of 1 to 1,000 bytes', (_, wire, looks) => {
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      let reads = 0;
      const decoder = new Decoder(DEFAULT_LIMITS);
      for (let at = 0; at < wire.length; at += size) {
        decoder.push(counting(latin1(wire.slice(at, at + size)), () => reads++));
        expect(decoder.next() === undefined).toBe(at + size < wire.length);
      }
      // The type, and the ends of lines, are looked at by themselves.
      expect(reads).toBeLessThanOrEqual(wire.length * looks + 16);
    }
  });
});
