import { checkOptions } from '../../checks.js';
import type { ZcachedGeneration } from './dialect.js';

/** What the real servers get wrong, always or at times. May be changed while a server runs; the next segment or client meets the change. */
export interface ZcachedFlaws {
  /** Answers the first request of a segment and forgets the others. @default true for 2024 */
  dropsSecondRequest: boolean;
  /**
   * Takes whatever it has read, 4096 bytes at first, for a whole request: one that is larger, or comes in two
   * segments, is answered with several errors, or mixed up with the one before. A 2025 request ends with 0x03,
   * wherever it is cut. @default true for 2024
   */
  splitsRequests: boolean;
  /** Never closes its own side of a connection, whatever its client does. @default true for 2025 */
  neverCloses: boolean;
  /** Repeats the key, or the command, in an error. @default true */
  echoesKeys: boolean;
  /**
   * Answers an error that repeats a key or a command in two parts, the second 44 ms later: the real one writes it in
   * pieces, which wait for the acknowledgement that a client delays. The replies behind it wait as well.
   * @default true for 2024
   */
  slowErrors: boolean;
  /** Sends maps, sets that have no order, and the keys of KEYS in the order of a hash. @default true */
  ordersByHash: boolean;
  /**
   * Crashes, see {@link ZcachedServer.crashed}, on a request without a command or with one that is no string, and on GET,
   * DELETE and SIZEOF of a key that is no string. @default true
   */
  crashesOnBadRequest: boolean;
  /**
   * Four workers take clients in turn. When a client goes that is not the newest of its worker, that newest one is
   * listened to and never answered again. One that is being dialled can be it. @default true for 2025
   */
  silencesNeighbour: boolean;
  /** More requests than this in one segment crash it, see {@link ZcachedServer.crashed}. @default Infinity */
  crashesAbove: number;
  /** Accepts a client and hangs up at once. @default false */
  hangsUpOnAccept: boolean;
}

const NONE: ZcachedFlaws = {
  dropsSecondRequest: false,
  splitsRequests: false,
  neverCloses: false,
  echoesKeys: false,
  slowErrors: false,
  ordersByHash: false,
  crashesOnBadRequest: false,
  silencesNeighbour: false,
  crashesAbove: Number.POSITIVE_INFINITY,
  hangsUpOnAccept: false,
};

const SHARED = { echoesKeys: true, ordersByHash: true, crashesOnBadRequest: true };

const USUAL: Readonly<Record<ZcachedGeneration, ZcachedFlaws>> = {
  '2024': { ...NONE, ...SHARED, dropsSecondRequest: true, splitsRequests: true, slowErrors: true },
  '2025': { ...NONE, ...SHARED, neverCloses: true, silencesNeighbour: true },
};

/** `false` for none at all; what is left out is as usual for the generation. */
export type FlawsOption = { readonly [F in keyof ZcachedFlaws]?: ZcachedFlaws[F] | undefined } | false;

export function resolveFlaws(generation: ZcachedGeneration, asked: FlawsOption = {}): ZcachedFlaws {
  if (asked === false) return { ...NONE };
  checkOptions('options.flaws', asked, Object.keys(NONE));
  const named = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...USUAL[generation], ...named };
}
