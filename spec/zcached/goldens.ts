import type { ZcachedValue } from 'rxpool/zcached';
import { ZcachedOrderedSet } from 'rxpool/zcached';

/** A reply as the servers send it, one character per byte; and what it says. */
export interface Golden {
  readonly wire: string;
  readonly value: ZcachedValue | { readonly error: string };
}

/** The bytes of a text, one character each. */
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const bulk = (text: string): Golden => ({ wire: `$${Buffer.byteLength(text)}\r\n${bytes(text)}\r\n`, value: text });
const error = (text: string): Golden => ({ wire: `-${bytes(text)}\r\n`, value: { error: text } });

const STRINGS: readonly Golden[] = [
  { wire: '+PONG\r\n', value: 'PONG' },
  { wire: '+OK\r\n', value: 'OK' },
  bulk('hello'),
  bulk(''),
  bulk(' '),
  bulk('\x00'),
  bulk('\x03'),
  bulk('\x03+OK\r\n\x03'),
  bulk('\r\n'),
  bulk('a\x03b\r\nc'),
  bulk('$3\r\nabc\r\n'),
  bulk('{"name":"Ada","tags":["a","b"]}'),
  bulk('žluťoučký kůň\x03'),
  bulk('日本語テキスト'),
  bulk('👩‍👩‍👧‍👦 is one'),
  bulk('\ufeffmarked'),
  bulk('\ud7ff\ue000\uffff'),
  bulk('x'.repeat(300)),
  { wire: '$4\r\n\xff\xfea\xc3\r\n', value: '\ufffd\ufffda\ufffd' },
  { wire: '$6\r\n\xed\xa0\xbd\xed\xb8\x80\r\n', value: '\ufffd'.repeat(6) },
];

const NUMBERS: readonly Golden[] = [
  { wire: ':0\r\n', value: 0 },
  { wire: ':42\r\n', value: 42 },
  { wire: ':-12\r\n', value: -12 },
  { wire: ':1732470735\r\n', value: 1_732_470_735 },
  { wire: ':9007199254740991\r\n', value: Number.MAX_SAFE_INTEGER },
  { wire: ':-9007199254740991\r\n', value: Number.MIN_SAFE_INTEGER },
  { wire: ':9007199254740992\r\n', value: 9_007_199_254_740_992n },
  { wire: ':9007199254740993\r\n', value: 9_007_199_254_740_993n },
  { wire: ':9223372036854775807\r\n', value: 2n ** 63n - 1n },
  { wire: ':-9223372036854775808\r\n', value: -(2n ** 63n) },
  { wire: ',1\r\n', value: 1 },
  { wire: ',0\r\n', value: 0 },
  { wire: ',-0\r\n', value: -0 },
  { wire: ',-0.25\r\n', value: -0.25 },
  { wire: ',3.141592653589793\r\n', value: Math.PI },
  { wire: ',0.30000000000000004\r\n', value: 0.1 + 0.2 },
  { wire: `,1${'0'.repeat(300)}\r\n`, value: 1e300 },
  { wire: `,0.${'0'.repeat(323)}5\r\n`, value: 5e-324 },
  { wire: ',inf\r\n', value: Number.POSITIVE_INFINITY },
  { wire: ',-inf\r\n', value: Number.NEGATIVE_INFINITY },
  { wire: ',nan\r\n', value: Number.NaN },
];

const WORDS: readonly Golden[] = [
  { wire: '#t\r\n', value: true },
  { wire: '#f\r\n', value: false },
  { wire: '_\r\n', value: null },
];

const CONTAINERS: readonly Golden[] = [
  { wire: '*0\r\n', value: [] },
  { wire: '%0\r\n', value: new Map() },
  { wire: '*2\r\n$1\r\na\r\n$2\r\n\xc5\xbe\r\n', value: ['a', 'ž'] },
  { wire: '*3\r\n:1\r\n*1\r\n*0\r\n$1\r\nx\r\n', value: [1, [[]], 'x'] },
  { wire: '*4\r\n_\r\n#t\r\n,1.5\r\n$0\r\n\r\n', value: [null, true, 1.5, ''] },
  { wire: `${'*1\r\n'.repeat(9)}$1\r\n\x03\r\n`, value: [[[[[[[[['\x03']]]]]]]]] },
  { wire: `*12\r\n${':7\r\n'.repeat(12)}`, value: new Array(12).fill(7) },
  {
    wire: '*2\r\n%1\r\n$2\r\nid\r\n:1\r\n%1\r\n$2\r\nid\r\n:2\r\n',
    value: [new Map([['id', 1]]), new Map([['id', 2]])],
  },
  { wire: '%1\r\n$0\r\n\r\n*0\r\n', value: new Map([['', []]]) },
  { wire: '%1\r\n+simple\r\n+text\r\n', value: new Map([['simple', 'text']]) },
  { wire: '%2\r\n$1\r\nk\r\n:1\r\n$1\r\nk\r\n:2\r\n', value: new Map([['k', 2]]) },
  {
    wire: '%2\r\n$1\r\na\r\n_\r\n$9\r\n__proto__\r\n%1\r\n$11\r\nconstructor\r\n#t\r\n',
    value: new Map<string, ZcachedValue>([
      ['a', null],
      ['__proto__', new Map([['constructor', true]])],
    ]),
  },
  {
    wire: '%3\r\n$5\r\na\r\n\x03b\r\n$1\r\n\x03\r\n$2\r\n\xc5\xa1\r\n,-0\r\n$2\r\n10\r\n:9007199254740993\r\n',
    value: new Map<string, ZcachedValue>([
      ['a\r\n\x03b', '\x03'],
      ['š', -0],
      ['10', 9_007_199_254_740_993n],
    ]),
  },
];

const ERRORS: readonly Golden[] = [
  error("ERR 'k' not found"),
  error("ERR 'ž 日本' not found"),
  error("ERR 'a\x03b' not found"),
  error("ERR unknown command 'HELLO'"),
  error('ERR max number of clients reached'),
  error('ERR unexpected'),
  error(''),
];

const ONLY_2024: readonly Golden[] = [
  error('ERR bad request'),
  error('TYPERR not integer'),
  error('TYPERR not boolean'),
  error('TYPERR key not string'),
  error('ERR bulk too large'),
  error('ERR not whitelisted'),
  error('ERR there is no data to save'),
];

const ONLY_2025: readonly Golden[] = [
  { wire: '~0\r\n', value: new Set() },
  { wire: '/0\r\n', value: new ZcachedOrderedSet() },
  { wire: '~2\r\n$1\r\na\r\n:1\r\n', value: new Set(['a', 1]) },
  { wire: '/3\r\n:3\r\n:1\r\n*0\r\n', value: new ZcachedOrderedSet([3, 1, []]) },
  {
    wire: '~1\r\n/2\r\n~1\r\n$1\r\n\x03\r\n%1\r\n$1\r\nk\r\n/0\r\n',
    value: new Set([
      new ZcachedOrderedSet<ZcachedValue>([new Set(['\x03']), new Map([['k', new ZcachedOrderedSet()]])]),
    ]),
  },
  error('ERR unprocessable'),
  error('TYPERR invalid type'),
  error('ERR key must be a string'),
  error('ERR maximum payload size exceeded'),
  error('NOAUTH not whitelisted'),
  error('NOSAVE error while saving data'),
  error('INVAL invalid length'),
  error('BUSYKEY key already exists'),
];

const BOTH = [...STRINGS, ...NUMBERS, ...WORDS, ...CONTAINERS, ...ERRORS];

/** Each reply as its generation frames it. */
export const GOLDENS: Readonly<Record<'2024' | '2025', readonly Golden[]>> = {
  '2024': [...BOTH, ...ONLY_2024],
  '2025': [...BOTH, ...ONLY_2025].map(({ wire, value }) => ({ wire: `${wire}\x03`, value })),
};
