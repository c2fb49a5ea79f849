import { Link } from '../../src/list.js';
import { type Clock, systemClock } from '../../src/request/clock.js';
import { Deadlines, type Due } from '../../src/request/deadlines.js';
import { Request } from '../../src/request/request.js';
import { RequestTable } from '../../src/request/table.js';
import { Decoder } from '../../src/zcached/decoder.js';
import { encodeRequest } from '../../src/zcached/encode.js';
import { DEFAULT_LIMITS } from '../../src/zcached/limits.js';
import { inform, interleave, ns, type Variant } from './measure.js';

const COUNT = 20_000;
const ROUNDS = 60;
const TIMEOUT = 5_000;
const MAX_BYTES = 8 * 2 ** 20;
const KEYS = Array.from({ length: 64 }, (_, index) => `visits:${index}`);
const VALUE = 'x'.repeat(100);
const REPLY = Buffer.from(`$${VALUE.length}\r\n${VALUE}\r\n\x03`);

/** What asking for the time costs is shown by itself. */
const still: Clock = { now: () => 0, after: () => nothing, afterIo: () => nothing };

const nothing = (): void => {};

const repeat = (name: string, once: (index: number) => void): Variant => ({
  name,
  run(count) {
    for (let index = 0; index < count; index++) once(index);
  },
});

/** Up to the bytes that a socket sends. */
function encoding(name: string, argsOf: (key: string) => readonly unknown[]): Variant {
  const sent = Buffer.alloc(1024);
  return repeat(`encode ${name}`, (index) => {
    const { text, encoding } = encodeRequest(name, argsOf(KEYS[index % KEYS.length] as string), MAX_BYTES);
    sent.write(text, encoding);
  });
}

function decoding(): Variant {
  const decoder = new Decoder(DEFAULT_LIMITS);
  return repeat(`decode a string of ${VALUE.length} bytes`, () => {
    decoder.push(REPLY);
    decoder.next();
    decoder.drained();
  });
}

function asking(): Variant {
  const host = { write: nothing, settled: nothing, overdue: nothing };
  const options = { clock: still, usualTimeout: TIMEOUT, maxQueue: 1, maxInFlight: 1 };
  const table = new RequestTable<null, null>(host, options);
  return repeat('into the table, answered', () => {
    const request = new Request<null, null>('GET', null, TIMEOUT, undefined, nothing, nothing);
    table.add(request);
    table.answer(request, null);
  });
}

class Patience implements Due {
  readonly due: Link<Due> = new Link<Due>(this);
  deadline = 0;
  readonly expired = nothing;
}

function waiting(): Variant {
  const deadlines = Deadlines.of(still);
  deadlines.join(TIMEOUT);
  const patience = new Patience();
  return repeat('a deadline, set and lifted', () => {
    deadlines.add(patience, TIMEOUT);
    deadlines.remove(patience);
  });
}

function timing(): Variant {
  return repeat('a timer for each, set and cleared', () => clearTimeout(setTimeout(nothing, TIMEOUT)));
}

/** What a zcached request costs apart from its socket, part by part. */
export async function benchRequest(): Promise<boolean> {
  const variants = [
    encoding('GET', (key) => [key]),
    encoding('SET', (key) => [key, VALUE]),
    decoding(),
    asking(),
    waiting(),
    timing(),
    repeat('the time', () => systemClock.now()),
  ];
  const times = await interleave(variants, COUNT, ROUNDS);
  for (const [name, time] of times) inform(`a request, ${name}: ${ns(time)}`);
  return true;
}
