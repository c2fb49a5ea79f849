import { parseArgs } from 'node:util';
import type { ZcachedUrlOptions } from 'rxpool/zcached';
import { CA_IS_FOR_TLS, serverOf } from './server.js';
import { UsageError } from './usage-error.js';

/** What the demo can be told. */
export interface DemoOptions {
  /** Undefined for a server of the demo's own. */
  readonly server: ZcachedUrlOptions | undefined;
  readonly size: number;
  readonly seconds: number;
  /** Requests a second. */
  readonly rate: number;
  /** A file to record it into, instead of showing it. */
  readonly svg: string | undefined;
}

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
  ca: TEXT,
  size: TEXT,
  seconds: TEXT,
  rate: TEXT,
  svg: TEXT,
  help: { type: 'boolean', short: 'h' },
} as const;

type Given = Readonly<Record<string, unknown>>;

export const HELP = `rxpool demo: a pool under a steady load, while some of its connections are cut and heal.

  npm run demo -- [URL] [options]

  URL            aim it at a real zcached: zcached://HOST:PORT, zcacheds://HOST:PORT for TLS, or
                 zcached:///PATH for a Unix socket. Options of the connections may follow, in quotes for
                 the shell: 'zcached://10.0.0.5?requestTimeout=500'. poolSize is the same as --size
  --host NAME    without a URL: the real zcached there (127.0.0.1 if only --port is given)
  --port N       and at this port (${NUMBERS.port.usual} if only --host is given)
  --ca FILE      whom to trust with TLS, in PEM, instead of those that Node trusts
  --size N       connections in the pool, 1 to ${NUMBERS.size.most} (${NUMBERS.size.usual})
  --rate N       requests a second, 1 to ${NUMBERS.rate.most} (${NUMBERS.rate.usual})
  --seconds N    how long it runs, 1 to ${NUMBERS.seconds.most} (${NUMBERS.seconds.usual})
  --svg FILE     record it as a moving picture, instead of showing it
  -h, --help     print this

Without a real server the demo starts one in its own process, and that server resets the connections. A real
one is left in peace: there, all connections run through a relay in the demo's process, and the relay hangs up.
Either way the pool sees sockets die. Cutting begins after a second and stops early enough for everything to
heal. TLS goes through the relay from end to end, and is verified.

Every request carries a nonce that must come back: by ECHO, or, from a server too old for that, in the reply to
MGET of a key that does not exist (rxpool:demo:...). Nothing is left behind. A request that was never sent is asked
again, unless it has waited too long already; one that may have been sent is counted as an error.

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
  if (typeof values.help === 'string')
    throw new UsageError(`--help takes no value, got ${JSON.stringify(values.help)}`);
  if (values.help) return 'help';
  // Not quoted: a URL may hold a password.
  if (positionals.length > 1) throw new UsageError(`one URL is all it takes, got ${positionals.length} arguments`);
  const server = realServer(positionals[0], values);
  const said = server?.poolSize === undefined ? {} : { size: String(server.poolSize) };
  return {
    server,
    size: number('size', { ...said, ...values }),
    seconds: number('seconds', values),
    rate: number('rate', values),
    svg: values['svg'] === undefined ? undefined : text('svg', values, 'a file'),
  };
}

function realServer(url: string | undefined, given: Given): ZcachedUrlOptions | undefined {
  const beside = (['host', 'port'] as const).find((name) => given[name] !== undefined);
  const ca = given['ca'] === undefined ? undefined : text('ca', given, 'a file');
  if (url !== undefined) {
    if (beside) throw new UsageError(`--${beside} and a URL both say where: give one of them`);
    return serverOf(url, ca);
  }
  if (ca !== undefined) throw new UsageError(CA_IS_FOR_TLS);
  if (!beside) return undefined;
  const host = text('host', { host: '127.0.0.1', ...given }, 'a name or an address');
  if (/[/@]/.test(host)) throw new UsageError('--host must be a name or an address, got more than that');
  return { host, port: number('port', given) };
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

function text(name: 'host' | 'ca' | 'svg', given: Given, expected: string): string {
  const value = given[name];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new UsageError(`--${name} must be ${expected}, got ${described(value)}`);
}

const described = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : 'nothing');
const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
