/** A value as the server stores it, ready to be sent. Text has one character per byte. */
export interface Wire {
  /** The byte that introduces it. */
  readonly kind: string;
  /** The text of a string; empty for all other types. */
  readonly text: string;
  readonly encoded: string;
  /** The reply to SIZEOF. */
  readonly size: number;
}

export const string = (text: string): Wire => ({
  kind: '$',
  text,
  encoded: `$${text.length}\r\n${text}\r\n`,
  size: text.length,
});

export const simple = (text: string): Wire => ({ kind: '+', text, encoded: `+${text}\r\n`, size: text.length });

export const integer = (value: bigint | number): Wire => ({ kind: ':', text: '', encoded: `:${value}\r\n`, size: 8 });

export const double = (value: number): Wire => ({
  kind: ',',
  text: '',
  encoded: `,${decimal(value)}\r\n`,
  size: 8,
});

export const boolean = (value: boolean): Wire => ({
  kind: '#',
  text: '',
  encoded: value ? '#t\r\n' : '#f\r\n',
  size: 1,
});

export const NULL: Wire = { kind: '_', text: '', encoded: '_\r\n', size: 0 };

/** The order in which a hash map lists its keys: arbitrary, but always the same. */
export function hashOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const hashed = items.map((item) => ({ item, hash: hashOf(keyOf(item)) }));
  return hashed.sort((a, b) => a.hash - b.hash).map(({ item }) => item);
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** `kind` is `*`, `~` or `/`; the members of a set must be different already. */
export const list = (kind: string, items: readonly Wire[]): Wire => ({
  kind,
  text: '',
  encoded: `${kind}${items.length}\r\n${items.map((item) => item.encoded).join('')}`,
  size: items.length,
});

export const map = (entries: ReadonlyMap<string, Wire>): Wire => ({
  kind: '%',
  text: '',
  encoded: `%${entries.size}\r\n${[...entries].map(([key, value]) => string(key).encoded + value.encoded).join('')}`,
  size: entries.size,
});

/** The server prints the shortest digits that give the same double, and never an exponent. */
function decimal(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (!Number.isFinite(value)) return `${sign}inf`;
  const [digits = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const figures = digits.replace('.', '');
  const point = Number(exponent) + 1;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${figures}`.replace(/\.0$/, '');
  if (point >= figures.length) return sign + figures.padEnd(point, '0');
  return `${sign}${figures.slice(0, point)}.${figures.slice(point)}`;
}
