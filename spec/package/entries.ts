import { readFileSync } from 'node:fs';

/** One way into the package. */
export interface Entry {
  /** What a user imports: `rxpool/testing`. */
  readonly specifier: string;
  readonly source: string;
  /** The ES module that bundlers get. */
  readonly esm: string;
  /** Runs outside Node too, and its declarations need no Node types. */
  readonly portable: boolean;
}

const NEEDS_NODE = ['rxpool/zcached', 'rxpool/testing/node'];

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: { readonly default: string } }>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** Every entry point, as `exports` in package.json lists them. */
export const entries: readonly Entry[] = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string') return [];
  const specifier = manifest.name + subpath.slice(1);
  const esm = target.default.default.replace('./', '');
  const source = esm.replace('dist/esm/', 'src/').replace(/\.js$/, '.ts');
  return [{ specifier, source, esm, portable: !NEEDS_NODE.includes(specifier) }];
});
