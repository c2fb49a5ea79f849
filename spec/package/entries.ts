import { readFileSync } from 'node:fs';

/** One way into the package. */
export interface Entry {
  /** What a user imports: `rxpool/testing`. */
  readonly specifier: string;
  readonly source: string;
  /** Runs outside Node too, and its declarations need no Node types. */
  readonly portable: boolean;
  /** The optional peers that it needs. */
  readonly peers: readonly string[];
}

type Table = Readonly<Record<string, { readonly needsNode?: boolean; readonly peers?: readonly string[] }>>;

/** Every entry point, as entries.json lists them. */
export const entries: readonly Entry[] = Object.entries(
  JSON.parse(readFileSync('spec/package/entries.json', 'utf8')) as Table,
).map(([subpath, { needsNode = false, peers = [] }]) => ({
  specifier: `rxpool${subpath.slice(1)}`,
  source: `src${subpath.slice(1)}/index.ts`,
  portable: !needsNode,
  peers,
}));
