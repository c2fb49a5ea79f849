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
  /** When a client goes, the newest of the others is listened to and never answered again. @default false */
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
  silencesNeighbour: false,
  crashesAbove: Number.POSITIVE_INFINITY,
  hangsUpOnAccept: false,
};

const USUAL: Readonly<Record<ZcachedGeneration, ZcachedFlaws>> = {
  '2024': { ...NONE, dropsSecondRequest: true, splitsRequests: true, echoesKeys: true },
  '2025': { ...NONE, neverCloses: true, echoesKeys: true },
};

/** `false` for none at all; what is left out is as usual for the generation. */
export type FlawsOption = { readonly [F in keyof ZcachedFlaws]?: ZcachedFlaws[F] | undefined } | false;

export function resolveFlaws(generation: ZcachedGeneration, asked: FlawsOption = {}): ZcachedFlaws {
  if (asked === false) return { ...NONE };
  checkOptions('options.flaws', asked, Object.keys(NONE));
  const named = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...USUAL[generation], ...named };
}
