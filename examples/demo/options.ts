import { parseArgs } from 'node:util';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the demo can be told. */
export interface DemoOptions {
  /** Undefined for a server of the demo's own. */
  readonly server: Address | undefined;
  readonly size: number;
  readonly seconds: number;
  /** Requests a second. */
  readonly rate: number;
}

/** Somebody asked for something that cannot be; the message is one line. */
export class UsageError extends Error {}

const NUMBERS = {
  port: { most: 65_535, usual: 7_556 },
  size: { most: 1_000, usual: 8 },
  seconds: { most: 86_400, usual: 12 },
  rate: { most: 50_000, usual: 2_000 },
};

const TEXT = { type: 'string' } as const;
const KNOWN = {
  host: TEXT,
  port: TEXT,
  size: TEXT,
  seconds: TEXT,
  rate: TEXT,
  help: { type: 'boolean', short: 'h' },
} as const;

type Given = Readonly<Record<string, unknown>>;

export const HELP = `rxpool demo: a pool under a steady load, while some of its connections are cut and heal.

  npm run demo -- [options]

  --size N       connections in the pool, 1 to ${NUMBERS.size.most} (${NUMBERS.size.usual})
  --rate N       requests a second, 1 to ${NUMBERS.rate.most} (${NUMBERS.rate.usual})
  --seconds N    how long it runs, 1 to ${NUMBERS.seconds.most} (${NUMBERS.seconds.usual})
  --host NAME    aim it at a real zcached there (127.0.0.1 if only --port is given)
  --port N       and at this port (${NUMBERS.port.usual} if only --host is given)
  -h, --help     print this

Without --host and --port the demo starts a zcached server in its own process, and that server resets the
connections. A real server is left in peace: there, all connections run through a relay in the demo's process,
and the relay hangs up. Either way the pool sees sockets die. Cutting begins after a second and stops early
enough for everything to heal.

Every request carries a nonce that must come back: by ECHO, which leaves nothing behind, or by SET, GET and
DELETE of a key of its own (rxpool:demo:...) on a server too old for ECHO, where a cut connection may leave one.
A request that was never sent is asked again; one that may have been is counted as an error.

On a terminal it draws a table (NO_COLOR is honoured), elsewhere it prints a line a second. It ends by itself,
or in the same order on Ctrl-C, with a summary. Exit status: 0 if every reply was right and nothing was left
pending, 1 if not or if no server answers, 2 for arguments that cannot be. (On Ctrl-C npm reports its own.)
`;

/** Reads the command line. Throws a {@link UsageError}. */
export function parseOptions(args: readonly string[]): DemoOptions | 'help' {
  // Not strict: its own messages fill several lines and leave the value out.
  const { values, positionals } = parseArgs({ args: [...args], options: KNOWN, strict: false });
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(KNOWN, name));
  if (unknown !== undefined) throw new UsageError(`unknown option ${dashed(unknown)}; --help lists those there are`);
  if (positionals.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(positionals[0])}`);
  if (typeof values.help === 'string')
    throw new UsageError(`--help takes no value, got ${JSON.stringify(values.help)}`);
  if (values.help) return 'help';
  const port = number('port', values);
  const host = text('host', values);
  const isRemote = values.host !== undefined || values.port !== undefined;
  return {
    server: isRemote ? { host, port } : undefined,
    size: number('size', values),
    seconds: number('seconds', values),
    rate: number('rate', values),
  };
}

function number(name: keyof typeof NUMBERS, given: Given): number {
  const { most, usual } = NUMBERS[name];
  const value = given[name];
  if (value === undefined) return usual;
  if (typeof value === 'string' && /^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= most) {
    return Number(value);
  }
  throw new UsageError(`--${name} must be an integer from 1 to ${most}, got ${described(value)}`);
}

function text(name: 'host', given: Given): string {
  const { [name]: value = '127.0.0.1' } = given;
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new UsageError(`--${name} must be a name or an address, got ${described(value)}`);
}

const described = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : 'nothing');
const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
