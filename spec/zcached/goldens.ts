import type { ZcachedValue } from '../../src/zcached/value.js';

/** A reply as the servers send it, one character per byte, without what ends a frame; and what it says. */
export interface Golden {
  readonly wire: string;
  readonly value: ZcachedValue | { readonly error: string };
}

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const BOTH: readonly Golden[] = [
  { wire: '+PONG\r\n', value: 'PONG' },
  { wire: '+OK\r\n', value: 'OK' },
  { wire: '$5\r\nhello\r\n', value: 'hello' },
  { wire: '$0\r\n\r\n', value: '' },
  { wire: '$6\r\na\x03b\r\nc\r\n', value: 'a\x03b\r\nc' },
  { wire: bytes('$9\r\nžluťá\x03\r\n'), value: 'žluťá\x03' },
  { wire: ':0\r\n', value: 0 },
  { wire: ':-12\r\n', value: -12 },
  { wire: ':9007199254740991\r\n', value: 9_007_199_254_740_991 },
  { wire: ':9007199254740993\r\n', value: 9_007_199_254_740_993n },
  { wire: ':-9223372036854775808\r\n', value: -(2n ** 63n) },
  { wire: ',1\r\n', value: 1 },
  { wire: ',-0.25\r\n', value: -0.25 },
  { wire: ',-0\r\n', value: -0 },
  { wire: `,1${'0'.repeat(300)}\r\n`, value: 1e300 },
  { wire: `,0.${'0'.repeat(323)}5\r\n`, value: 5e-324 },
  { wire: ',inf\r\n', value: Number.POSITIVE_INFINITY },
  { wire: ',-inf\r\n', value: Number.NEGATIVE_INFINITY },
  { wire: ',nan\r\n', value: Number.NaN },
  { wire: '#t\r\n', value: true },
  { wire: '#f\r\n', value: false },
  { wire: '_\r\n', value: null },
  { wire: '*0\r\n', value: [] },
  { wire: '%0\r\n', value: new Map() },
  { wire: '*3\r\n:1\r\n*1\r\n*0\r\n$1\r\nx\r\n', value: [1, [[]], 'x'] },
  {
    wire: '%2\r\n$1\r\na\r\n_\r\n$9\r\n__proto__\r\n%1\r\n$1\r\nb\r\n#t\r\n',
    value: new Map<string, ZcachedValue>([
      ['a', null],
      ['__proto__', new Map([['b', true]])],
    ]),
  },
  { wire: "-ERR 'k' not found\r\n", value: { error: "ERR 'k' not found" } },
  { wire: "-ERR unknown command 'HELLO'\r\n", value: { error: "ERR unknown command 'HELLO'" } },
];

const ONLY_2025: readonly Golden[] = [
  { wire: '~2\r\n$1\r\na\r\n:1\r\n', value: new Set(['a', 1]) },
  { wire: '/3\r\n:3\r\n:1\r\n*0\r\n', value: new Set([3, 1, []]) },
  { wire: '%1\r\n+k\r\n+v\r\n', value: new Map([['k', 'v']]) },
  { wire: '-BUSYKEY key already exists\r\n', value: { error: 'BUSYKEY key already exists' } },
];

/** Each reply as its generation frames it. */
export const GOLDENS: Readonly<Record<'2024' | '2025', readonly Golden[]>> = {
  '2024': BOTH,
  '2025': [...BOTH, ...ONLY_2025].map(({ wire, value }) => ({ wire: `${wire}\x03`, value })),
};
