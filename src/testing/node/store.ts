import type { Dialect } from './dialect.js';
import { FaultyRequest } from './dialect.js';
import type { ZcachedFlaws } from './flaws.js';
import { RequestParser } from './request-parser.js';
import type { Wire } from './wire.js';
import { hashOrder, integer, list, map, NULL, simple, string } from './wire.js';

/** A reply: a value, or an error's text. */
export type Answer = Wire | { readonly error: string };

const OK = simple('OK');

export interface StoreOptions {
  readonly dialect: Dialect;
  readonly flaws: ZcachedFlaws;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Called for every well-formed request. */
  readonly heard: (request: readonly string[]) => void;
  /** Called for a request that crashes the server, which is answered anyway. */
  readonly crash: () => void;
}

/** The store of a server, and the commands on it. */
export class Store {
  readonly #values = new Map<string, Wire>();
  #lastSave: number;

  constructor(private readonly options: StoreOptions) {
    this.#lastSave = options.now();
  }

  /** Answers one request, given one character per byte; returns the bytes of the reply. */
  answer(request: string): string {
    const answer = this.#answer(request);
    return ('error' in answer ? `-${answer.error}\r\n` : answer.encoded) + this.options.dialect.terminator;
  }

  #answer(request: string): Answer {
    const { dialect, flaws, heard } = this.options;
    try {
      const items = new RequestParser(request, dialect, flaws.ordersByHash).request();
      const [command, ...args] = items ?? [];
      if (command?.kind !== '$') {
        if (items && flaws.crashesOnBadRequest) this.options.crash();
        return { error: 'ERR unknown command' };
      }
      heard([command, ...args].map((item) => item.text));
      const name = command.text.toUpperCase();
      if (dialect.commands.has(name)) return this.#run(name, args);
      return { error: flaws.echoesKeys ? `ERR unknown command '${command.text}'` : 'ERR unknown command' };
    } catch (error) {
      if (error instanceof FaultyRequest) return { error: dialect.faults[error.fault] };
      throw error;
    }
  }

  #run(command: string, args: readonly Wire[]): Answer {
    switch (command) {
      case 'PING':
        return simple('PONG');
      case 'GET':
        return this.#get(args);
      case 'SET':
        return this.#set(args);
      case 'DELETE':
        return this.#delete(args);
      case 'MGET':
        return map(new Map(this.#listed(args.map(text)).map((key) => [key, this.#values.get(key) ?? NULL])));
      case 'MSET':
        return this.#mset(args);
      case 'KEYS':
        return list('*', this.#listed([...this.#values.keys()]).map(string));
      case 'DBSIZE':
        return integer(this.#values.size);
      case 'FLUSH':
        this.#values.clear();
        return OK;
      case 'SAVE':
        return this.#save();
      case 'LASTSAVE':
        return integer(this.#lastSave);
      case 'SIZEOF':
        return this.#sizeof(args);
      case 'ECHO':
        return this.#echo(args);
      case 'RENAME':
        return this.#rename(args);
      default:
        return this.#copy(args);
    }
  }

  #get(args: readonly Wire[]): Answer {
    const [key] = need(args, 1);
    return this.#values.get(this.#key(key)) ?? this.#missing(key);
  }

  #echo(args: readonly Wire[]): Answer {
    const [words] = need(args, 1);
    return words.kind === '+' ? words : string(text(words));
  }

  #set(args: readonly Wire[]): Answer {
    const [key, value] = need(args, 2);
    this.#values.set(text(key), value);
    return OK;
  }

  #delete(args: readonly Wire[]): Answer {
    const [key] = need(args, 1);
    return this.#values.delete(this.#key(key)) ? OK : this.#missing(key);
  }

  #mset(args: readonly Wire[]): Answer {
    if (args.length === 0 || args.length % 2 === 1) throw new FaultyRequest('arguments');
    for (let index = 0; index < args.length; index += 2) this.#set(args.slice(index, index + 2));
    return OK;
  }

  #save(): Answer {
    if (this.#values.size === 0) throw new FaultyRequest('nothing to save');
    this.#lastSave = this.options.now();
    return OK;
  }

  #sizeof(args: readonly Wire[]): Answer {
    const answer = this.#get(args);
    return 'error' in answer ? answer : integer(answer.size);
  }

  #rename(args: readonly Wire[]): Answer {
    const [from, to] = need(args, 2);
    const value = this.#values.get(text(from));
    if (!value) return this.#missing(from);
    this.#values.delete(text(from));
    this.#values.set(text(to), value);
    return OK;
  }

  #copy(args: readonly Wire[]): Answer {
    const [from, to] = need(args, 2);
    const [, , option] = args;
    if (option && option.text.toUpperCase() !== 'REPLACE') throw new FaultyRequest('arguments');
    const value = this.#values.get(text(from));
    if (!value) return this.#missing(from);
    if (this.#values.has(text(to)) && !option) throw new FaultyRequest('busy');
    this.#values.set(text(to), value);
    return string('OK');
  }

  /** Keys in the order in which they are listed. */
  #listed(keys: readonly string[]): readonly string[] {
    return this.options.flaws.ordersByHash ? hashOrder(keys, (key) => key) : keys;
  }

  /** The key of a command that does not check whether it is a string. */
  #key(key: Wire): string {
    if (key.kind !== '$' && this.options.flaws.crashesOnBadRequest) this.options.crash();
    return text(key);
  }

  #missing(key: Wire): Answer {
    return { error: this.options.flaws.echoesKeys ? `ERR '${key.text}' not found` : 'ERR not found' };
  }
}

/** Requires at least `count` arguments. Returns two, because no command needs more. */
function need(args: readonly Wire[], count: 1 | 2): [Wire, Wire] {
  const [first, second = NULL] = args;
  if (!first || args.length < count) throw new FaultyRequest('arguments');
  return [first, second];
}

function text(key: Wire): string {
  if (key.kind !== '$') throw new FaultyRequest('key');
  return key.text;
}
