import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { preProcessFile } from 'typescript';

const root = resolve(__dirname, '..');
const src = join(root, 'src');

/** From the ground up: a folder imports those before it, and nothing else of the library. */
const LAYERS = [
  'errors',
  'streams',
  'connection',
  'selection',
  'registry',
  'healing',
  'health',
  'sizing',
  'borrowing',
  'pool',
];

/** What stands beside the pool, and what of the library each may know. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  request: ['errors', 'connection'],
  zcached: ['errors', 'connection', 'request'],
  testing: ['errors', 'connection'],
  'testing/node': ['request'],
};

interface Source {
  /** Relative to src, with slashes. */
  readonly file: string;
  readonly folder: string;
  /** Files of the library that it imports, types included. */
  readonly imports: readonly string[];
  /** Packages and modules of Node. */
  readonly packages: readonly string[];
}

const slashes = (path: string): string => path.split(sep).join('/');

function folderOf(file: string): string {
  const folder = dirname(file);
  return folder === '.' ? file.replace('.ts', '') : folder;
}

function read(path: string): Source {
  const file = slashes(relative(src, path));
  const specifiers = preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(
    ({ fileName }) => fileName,
  );
  const own = specifiers.filter((specifier) => specifier.startsWith('.'));
  const imports = own.map((specifier) =>
    slashes(relative(src, join(dirname(path), specifier.replace(/\.js$/, '.ts')))),
  );
  return {
    file,
    folder: folderOf(file),
    imports,
    packages: specifiers.filter((specifier) => !own.includes(specifier)),
  };
}

const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(join(src, file)))
    .map((source) => [source.file, source]),
);
const all = [...sources.values()];

/** Everything that an entry brings along. */
function reachable(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const imported of sources.get(entry)?.imports ?? []) reachable(imported, seen);
  return seen;
}

const packagesOf = (entry: string): string[] => [
  ...new Set([...reachable(entry)].flatMap((file) => sources.get(file)?.packages ?? [])),
];

describe('the sources', () => {
  it('import only what is there', () => {
    const missing = all.flatMap(({ imports }) => imports.filter((imported) => !existsSync(join(src, imported))));
    expect(sources.size).toBeGreaterThan(40);
    expect(missing).toEqual([]);
  });

  it('import one another in no circle, types included', () => {
    const circular = all.filter(({ file, imports }) => imports.some((imported) => reachable(imported).has(file)));
    expect(circular.map(({ file }) => file)).toEqual([]);
  });

  it('import no index, their own least of all', () => {
    const barrels = all.filter(({ imports }) => imports.some((imported) => /(^|\/)index\.ts$/.test(imported)));
    expect(barrels.map(({ file }) => file)).toEqual([]);
  });

  it.each(LAYERS)('in %s know only the layers below', (layer) => {
    const allowed = LAYERS.slice(0, LAYERS.indexOf(layer) + 1);
    const known = all.filter(({ folder }) => folder === layer).flatMap(({ imports }) => imports.map(folderOf));
    expect(known.filter((folder) => !allowed.includes(folder))).toEqual([]);
  });

  it.each(Object.entries(BESIDE))('in %s know only %j', (place, allowed) => {
    const known = all.filter(({ folder }) => folder === place).flatMap(({ imports }) => imports.map(folderOf));
    expect(known.length).toBeGreaterThan(0);
    expect(known.filter((folder) => folder !== place && !allowed.includes(folder))).toEqual([]);
  });

  it('all belong to one of these places', () => {
    const places = [...LAYERS, ...Object.keys(BESIDE), 'index'];
    expect(all.map(({ folder }) => folder).filter((folder) => !places.includes(folder))).toEqual([]);
  });
});

describe('an entry', () => {
  it.each(['index.ts', 'testing/index.ts'])('%s needs rxjs and nothing else', (entry) => {
    expect(packagesOf(entry)).toEqual(['rxjs']);
  });

  it.each(['zcached/index.ts', 'testing/node/index.ts'])('%s needs rxjs and Node, and nothing else', (entry) => {
    const others = packagesOf(entry).filter((name) => name !== 'rxjs' && !name.startsWith('node:'));
    expect(packagesOf(entry)).toContain('node:net');
    expect(others).toEqual([]);
  });
});
