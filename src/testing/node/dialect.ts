/** The generation of zcached: 2024 answers segments, 2025 and later answer frames. */
export type ZcachedGeneration = '2024' | '2025';

/** What can be wrong with a request. */
export type Fault =
  | 'malformed'
  | 'length'
  | 'integer'
  | 'double'
  | 'boolean'
  | 'key'
  | 'key of a map'
  | 'nothing to save'
  | 'busy'
  | 'arguments';

/** The differences on the wire. The commands mean the same in both. */
export interface Dialect {
  readonly faults: Readonly<Record<Fault, string>>;
  readonly commands: ReadonlySet<string>;
  /** The bytes after every reply. */
  readonly terminator: string;
  readonly hasSets: boolean;
}

const COMMANDS = ['PING', 'GET', 'SET', 'DELETE', 'MGET', 'MSET', 'KEYS', 'DBSIZE', 'FLUSH', 'SAVE', 'LASTSAVE'];

export const DIALECTS: Readonly<Record<ZcachedGeneration, Dialect>> = {
  '2024': {
    faults: {
      malformed: 'ERR bad request',
      length: 'ERR unexpected',
      integer: 'TYPERR not integer',
      double: 'ERR unexpected',
      boolean: 'TYPERR not boolean',
      key: 'TYPERR key not string',
      'key of a map': 'ERR unexpected',
      'nothing to save': 'ERR there is no data to save',
      busy: 'ERR unexpected',
      arguments: 'ERR unexpected',
    },
    commands: new Set(COMMANDS),
    terminator: '',
    hasSets: false,
  },
  '2025': {
    faults: {
      malformed: 'ERR unprocessable',
      length: 'INVAL invalid length',
      integer: 'TYPERR invalid type',
      double: 'TYPERR invalid type',
      boolean: 'TYPERR invalid type',
      key: 'ERR unexpected',
      'key of a map': 'ERR key must be a string',
      'nothing to save': 'NOSAVE error while saving data',
      busy: 'BUSYKEY key already exists',
      arguments: 'ERR unexpected',
    },
    commands: new Set([...COMMANDS, 'SIZEOF', 'ECHO', 'RENAME', 'COPY']),
    terminator: '\x03',
    hasSets: true,
  },
};

/** A request that gets an error reply. */
export class FaultyRequest extends Error {
  constructor(readonly fault: Fault) {
    super(fault);
  }
}
