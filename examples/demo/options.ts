import type { ZcachedUrlOptions } from 'rxpool/zcached';
import { type Command, readArguments, UsageError } from '../../spec/package/command.js';
import { CA_IS_FOR_TLS, serverOf } from './server.js';

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

const KNOWN = {
  host: 'string',
  port: 'string',
  ca: 'string',
  size: 'string',
  seconds: 'string',
  rate: 'string',
  svg: 'string',
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

const DEMO: Command = { name: 'demo', help: HELP, options: KNOWN };

/** Reads the command line. Throws a {@link UsageError}. */
export function parseOptions(args: readonly string[]): DemoOptions | 'help' {
  const given = readArguments(DEMO, args);
  if (given === 'help') return given;
  const { options: values, words } = given;
  // Not quoted: a URL may hold a password.
  if (words.length > 1) throw new UsageError(`one URL is all it takes, got ${words.length} arguments`);
  const server = realServer(words[0], values);
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
  throw new UsageError(`--${name} must be an integer from 1 to ${most}, got ${JSON.stringify(value)}`);
}

function text(name: 'host' | 'ca' | 'svg', given: Given, expected: string): string {
  const value = given[name];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new UsageError(`--${name} must be ${expected}, got ${JSON.stringify(value)}`);
}
