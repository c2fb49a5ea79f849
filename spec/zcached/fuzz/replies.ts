import { latin1 } from '../decoding.js';
import { GOLDENS } from '../goldens.js';
import type { Random } from './random.js';

const WIRES = [...GOLDENS['2024'], ...GOLDENS['2025']].map(({ wire }) => latin1(wire));
const ALPHABET = latin1('+$-:,#_*%~/\r\n\x030123456789.einfatx');
/** What breaks into a reply: promises of too much, of something else, or of something already over. */
const HEADERS = [
  '*4294967295\r\n',
  '%2147483648\r\n',
  '$99999999999999999999\r\n',
  '$67108864\r\n',
  '$67108865\r\n',
  '*1048576\r\n',
  '*1\r\n',
  '%1\r\n$1\r\nk\r\n',
  '%1\r\n',
  '~2\r\n',
  '/1\r\n',
  '*0\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '+',
  '-ERR\r\n',
  '\r\n',
  '\n',
  '\x03',
].map(latin1);

/** What a server, or something that is none, might send. */
export function anyReply(random: Random): Buffer {
  switch (random.below(8)) {
    case 0:
      return random.bytes(random.below(64));
    case 1:
      return Buffer.from(Array.from({ length: random.below(48) }, () => random.pick([...ALPHABET])));
    case 2:
      return Buffer.concat([nest(random), random.pick(WIRES)]);
    case 3:
      return goldens(random);
    default:
      return mutated(random, goldens(random));
  }
}

/** Cuts something into chunks at random, empty ones as well. */
export function anyChunks(random: Random, whole: Buffer): Buffer[] {
  const places = Array.from({ length: random.below(12) }, () => random.below(whole.length + 1));
  const ends = [...places.sort((a, b) => a - b), whole.length];
  return ends.map((end, index) => whole.subarray(index === 0 ? 0 : ends[index - 1], end));
}

const goldens = (random: Random): Buffer =>
  Buffer.concat(Array.from({ length: random.between(1, 3) }, () => random.pick(WIRES)));

const nest = (random: Random): Buffer =>
  Buffer.concat(Array.from({ length: random.below(140) }, () => random.pick(HEADERS.slice(6, 11))));

function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let times = random.between(1, 4); times > 0; times--) result = mutate(random, result);
  return result;
}

function mutate(random: Random, bytes: Buffer): Buffer {
  const from = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, from + random.below(12));
  const [before, between, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  switch (random.below(7)) {
    case 0:
      return Buffer.concat([before, flip(random, between), after]);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return before;
    case 3:
      return Buffer.concat([before, between, between, after]);
    case 4:
      return Buffer.concat([before, random.pick(WIRES), between, after]);
    case 5:
      return Buffer.concat([before, random.bytes(to - from), after]);
    default:
      return Buffer.concat([before, random.pick(HEADERS), between, after]);
  }
}

function flip(random: Random, bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  if (flipped.length > 0) {
    const place = random.below(flipped.length);
    flipped.writeUInt8(flipped.readUInt8(place) ^ (1 << random.below(8)), place);
  }
  return flipped;
}
