// A pool under load, being cut and healing:  npm run demo -- --help
import { connectable, firstValueFrom, fromEvent, merge, timer } from 'rxjs';
import { UsageError } from '../../spec/package/command.js';
import { cutting, moments } from './cutter.js';
import { Dashboard } from './dashboard.js';
import { type DemoOptions, HELP, parseOptions } from './options.js';
import { steady } from './pace.js';
import { Recording } from './recording.js';
import { screenFor } from './screen.js';
import { type Setup, setUp } from './setup.js';
import { isSound, summarize } from './summary.js';

/** Milliseconds. The embedded server's pause makes requests overlap; the slow redials can be watched. */
const LATENCY = 2;
const BACKOFF = { initial: 400, max: 400 };
const CUTS = { first: 1_000, every: 2_000, calmAtTheEnd: 1_500 };

async function run({ pool, load, target, made }: Setup, { size, seconds, rate, svg }: DemoOptions): Promise<void> {
  const duration = seconds * 1_000;
  const end$ = merge(
    timer(duration),
    fromEvent(process, 'SIGINT'),
    fromEvent(process, 'SIGTERM'),
    fromEvent(process.stdout, 'error'),
  );
  const ended = firstValueFrom(end$);
  const moments$ = moments({ ...CUTS, until: duration - CUTS.calmAtTheEnd });
  const cuts$ = connectable(cutting(target, moments$, { size, random: Math.random }));

  const dashboard = new Dashboard({ pool, load, cuts$, target, duration });
  const model = () => dashboard.model;
  const screen = svg ? new Recording(svg, model) : screenFor(process.stdout, process.env, model);
  const commotion = steady(rate).subscribe((due) => {
    for (let left = due; left > 0; left--) void load.request();
  });
  commotion.add(cuts$.connect());
  screen.start();
  await ended;

  commotion.unsubscribe();
  screen.stop();
  const { elapsed } = dashboard;
  await pool.close({ drainTimeout: 3_000 });
  await load.settled();
  dashboard.close();
  const pending = load.outstanding + made.reduce((sum, connection) => sum + connection.pending, 0);
  await pool.dispose();
  await target.close();

  const { tally, cut, reconnects } = dashboard;
  const report = {
    target: target.name,
    poolSize: size,
    elapsed,
    requests: load.issued,
    tally,
    cut,
    reconnects,
    pending,
  };
  process.stdout.write(`\n${summarize(report).join('\n')}\n`);
  process.exitCode = isSound(report) ? 0 : 1;
}

async function main(): Promise<void> {
  // A pipe that is closed ends the demo; what is still written to it goes nowhere.
  process.stdout.on('error', () => {});
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  await run(await setUp({ ...options, latency: LATENCY, backoff: BACKOFF }), options);
}

function fail(error: unknown): void {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  process.stderr.write(`demo: ${messages.join(': ')}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

main().catch(fail);
