import { checkOptions } from '../../checks.js';
import type { ZcachedGeneration } from './dialect.js';

/**
 * The mistakes of the real servers, permanent or occasional. May be changed while a server runs, and apply from the
 * next segment or client on.
 */
export interface ZcachedFlaws {
  /** Answers the first request of a segment and drops the others. @default true for 2024 */
  dropsSecondRequest: boolean;
  /**
   * Takes the result of one read, 4096 bytes at first, for a whole request. A larger request, or one in two segments,
   * gets several errors or is mixed up with the one before. A 2025 request ends with 0x03, wherever it is cut.
   * @default true for 2024
   */
  splitsRequests: boolean;
  /** Never closes its side of a connection, whatever its client does. @default true for 2025 */
  neverCloses: boolean;
  /** Repeats the key, or the command, in an error. @default true */
  echoesKeys: boolean;
  /**
   * Sends an error that repeats a key or a command in two parts, the second 44 ms later; later replies wait too. The
   * real server writes it in pieces, and the client delays the acknowledgement of the first. @default true for 2024
   */
  slowErrors: boolean;
  /** Sends maps, unordered sets and the keys of KEYS in the order of a hash. @default true */
  ordersByHash: boolean;
  /**
   * Crashes (see {@link ZcachedServer.crashed}) on a request without a command or with one that is not a string, and on
   * GET, DELETE and SIZEOF of a key that is not a string. @default true
   */
  crashesOnBadRequest: boolean;
  /**
   * Has four workers that take clients in turn. When a client leaves that is not the newest of its worker, the newest
   * one is never answered again, though its bytes are read. It may still be dialling. @default true for 2025
   */
  silencesNeighbour: boolean;
  /** Crashes (see {@link ZcachedServer.crashed}) on more requests than this in one segment. @default Infinity */
  crashesAbove: number;
  /** Accepts a client and closes the connection at once. @default false */
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

/** `false` for no flaws; flaws that are not given have the generation's default. */
export type FlawsOption = { readonly [F in keyof ZcachedFlaws]?: ZcachedFlaws[F] | undefined } | false;

export function resolveFlaws(generation: ZcachedGeneration, asked: FlawsOption = {}): ZcachedFlaws {
  if (asked === false) return { ...NONE };
  checkOptions('options.flaws', asked, Object.keys(NONE));
  const named = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...USUAL[generation], ...named };
}
