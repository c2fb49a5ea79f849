import { parseArgs } from 'node:util';
import { nearest } from '../../src/nearest.js';

/** What a command can be given. */
export interface Command {
  /** How its errors begin. */
  readonly name: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Options besides `--help` and `-h`; a string has a value. */
  readonly options?: Readonly<Record<string, 'string' | 'boolean'>>;
  /** The words that it knows, where it does not take any. */
  readonly words?: readonly string[];
  /** How many words it takes at most. */
  readonly most?: number;
}

/** What a command was given. */
export interface Given {
  readonly options: Readonly<Record<string, string | true>>;
  readonly words: readonly string[];
}

/** The command line is wrong; the message is one line. */
export class UsageError extends Error {}

const MORE = '--help lists those there are';

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** The known word that an unknown one is nearest to. */
function meant(word: string, known: readonly string[], shown = (name: string): string => name): string {
  const near = nearest(word, known);
  return near === undefined ? MORE : `did you mean ${shown(near)}?`;
}

/** Reads the arguments of a command. Throws a {@link UsageError}. */
export function readArguments(command: Command, args: readonly string[]): Given | 'help' {
  const { options = {}, words: known, most = Number.POSITIVE_INFINITY } = command;
  const types = { help: 'boolean', ...options };
  const { values, positionals: words } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.entries(options).map(([name, type]) => [name, { type }])),
      help: { type: 'boolean', short: 'h' },
    },
    // Not strict: messages of parseArgs fill several lines, leave the value out, and name no word that is near.
    strict: false,
  });
  for (const [name, value] of Object.entries(values)) {
    const type = Object.hasOwn(types, name) ? types[name as keyof typeof types] : undefined;
    if (type === undefined) {
      throw new UsageError(`unknown option ${dashed(name)}; ${meant(name, Object.keys(types), dashed)}`);
    }
    if (type === 'boolean' && value !== true) {
      throw new UsageError(`${dashed(name)} takes no value, got ${JSON.stringify(value)}`);
    }
  }
  if (values['help']) return 'help';
  for (const [name, value] of Object.entries(values)) {
    if (options[name] === 'string' && (value === true || value === '')) {
      throw new UsageError(`${dashed(name)} needs a value, got ${value === '' ? '""' : 'nothing'}`);
    }
  }
  const unknown = known && words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new UsageError(`unknown word ${JSON.stringify(unknown)}; ${meant(unknown, known ?? [])}`);
  if (words.length > most) throw new UsageError(`takes ${most} words at most, got ${words.length}`);
  return { options: values as Given['options'], words };
}

/** A word that is an integer, or what is usual where there is no word. */
export function integerOf(name: string, word: string | undefined, usual: number, least = 0): number {
  if (word === undefined) return usual;
  const value = Number(word);
  if (/^\d{1,15}$/.test(word) && value >= least) return value;
  throw new UsageError(`${name} must be an integer of at least ${least}, got ${JSON.stringify(word)}`);
}

/** The error for a text that is part of no title: it names the title with the word that is nearest. */
export function unknownText(text: string, titles: readonly string[]): UsageError {
  const words = titles.flatMap((title) => title.split(/[\s,:]+/)).filter((word) => word.length > 2);
  return new UsageError(`no title has ${JSON.stringify(text)} in it; ${meant(text, words)}`);
}

/**
 * Does the work of a command by the arguments of the process, and sets the exit status: what the work returns, 2 for wrong
 * arguments, `crash` where the work throws.
 */
export async function runCommand(
  command: Command,
  work: (given: Given) => Promise<number | undefined> | number | undefined,
  crash = 1,
): Promise<void> {
  try {
    const given = readArguments(command, process.argv.slice(2));
    if (given === 'help') process.stdout.write(command.help);
    else process.exitCode = (await work(given)) ?? 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(isUsage ? `${command.name}: ${error.message}` : error);
    process.exitCode = isUsage ? 2 : crash;
  }
}
