import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import * as ts from 'typescript';

const ROOT = resolve(__dirname, '../src');

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });

/** A file of src, by its path there, and all that it names in an import, an export from, or an import(). */
interface Module {
  readonly path: string;
  readonly source: ts.SourceFile;
  readonly specifiers: readonly string[];
}

function specifiersOf(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const named =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) &&
            (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(source) === 'require')
          ? node.arguments[0]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? node.argument.literal
            : undefined;
    if (named && ts.isStringLiteral(named)) found.push(named.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function read(file: string): Module {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  return { path: relative(ROOT, file), source, specifiers: specifiersOf(source) };
}

const MODULES = new Map(filesIn(ROOT).map((file) => [relative(ROOT, file), read(file)] as const));

const isOurs = (specifier: string): boolean => specifier.startsWith('.');

const targetOf = (path: string, specifier: string): string => join(dirname(path), specifier).replace(/\.js$/, '.ts');

const importsOf = (path: string): string[] =>
  (MODULES.get(path)?.specifiers ?? []).filter(isOurs).map((specifier) => targetOf(path, specifier));

const packagesOf = (path: string): string[] => (MODULES.get(path)?.specifiers ?? []).filter((one) => !isOurs(one));

/** Everything that comes along with a file. */
function reachableFrom(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const target of importsOf(path)) reachableFrom(target, found);
  return found;
}

const packagesReachableFrom = (path: string): string[] =>
  [...new Set([...reachableFrom(path)].flatMap(packagesOf))].sort();

/** The folder a file belongs to; a file at the top stands for itself. */
const folderOf = (path: string): string => {
  const folder = dirname(path);
  return folder === '.' ? path.replace(/\.ts$/, '') : folder;
};

/** From the ground up: a folder imports those before it, and none after it. */
const LAYERS = [
  'errors',
  'checks',
  'defaults',
  'abort',
  'list',
  'disposal',
  'streams',
  'connection',
  'selection',
  'registry',
  'healing',
  'health',
  'sizing',
  'borrowing',
  'pool',
  'index',
];

/** Beside the core: what each may import of src besides itself. */
const BESIDE: Record<string, readonly string[]> = {
  request: ['errors', 'checks', 'abort', 'list', 'connection'],
  zcached: ['errors', 'checks', 'disposal', 'connection', 'request', 'pool'],
  testing: ['connection'],
  'testing/node': ['disposal', 'request'],
};

const PATHS = [...MODULES.keys()];
const CORE = PATHS.filter((path) => LAYERS.includes(folderOf(path)));

describe('The source', () => {
  it('is read by these tests', () => {
    expect(PATHS).toContain('pool/connection-pool.ts');
    expect(importsOf('registry/registry.ts')).toContain('connection/cells.ts');
    expect(packagesOf('streams/live.ts')).toEqual(['rxjs']);
  });

  it('imports files that are there, each by its extension', () => {
    const missing = PATHS.flatMap((path) =>
      (MODULES.get(path)?.specifiers ?? [])
        .filter(
          (specifier) => isOurs(specifier) && !(specifier.endsWith('.js') && MODULES.has(targetOf(path, specifier))),
        )
        .map((specifier) => `${path} → ${specifier}`),
    );
    expect(missing).toEqual([]);
  });

  it('has no import cycle, types included', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '));
      if (start >= 0 || done.has(path)) return;
      for (const target of importsOf(path)) walk(target, [...trail, path]);
      done.add(path);
    };
    for (const path of PATHS) walk(path, []);
    expect(cycles).toEqual([]);
  });

  it('has no file that imports a barrel, its own least of all', () => {
    const barrels = PATHS.flatMap((path) =>
      importsOf(path)
        .filter((target) => basename(target) === 'index.ts')
        .map((target) => `${path} → ${target}`),
    );
    expect(barrels).toEqual([]);
  });

  it('has a place for each of its folders', () => {
    const strangers = PATHS.map(folderOf).filter((folder) => !LAYERS.includes(folder) && !(folder in BESIDE));
    expect([...new Set(strangers)]).toEqual([]);
  });

  it('lets each folder of the core import only those below it', () => {
    const upward = CORE.flatMap((path) =>
      importsOf(path)
        .filter((target) => LAYERS.indexOf(folderOf(target)) > LAYERS.indexOf(folderOf(path)) || !CORE.includes(target))
        .map((target) => `${path} → ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('lets transports and test helpers import no more of the core than they need', () => {
    const beyond = PATHS.filter((path) => folderOf(path) in BESIDE).flatMap((path) =>
      importsOf(path)
        .filter((target) => folderOf(target) !== folderOf(path) && !BESIDE[folderOf(path)]?.includes(folderOf(target)))
        .map((target) => `${path} → ${target}`),
    );
    expect(beyond).toEqual([]);
  });

  it.each(['index.ts', 'testing/index.ts'])('runs anywhere, and on rxjs alone: %s', (entry) => {
    expect(packagesReachableFrom(entry)).toEqual(['rxjs']);
  });

  it('asks nothing of others than rxjs and Node itself, wherever it runs', () => {
    const others = PATHS.flatMap(packagesOf).filter((name) => name !== 'rxjs' && !name.startsWith('node:'));
    expect(others).toEqual([]);
  });

  it('imports of rxjs only its main entry, of which there is one instance', () => {
    expect(PATHS.flatMap(packagesOf).filter((name) => name.startsWith('rxjs/'))).toEqual([]);
  });
});

/** Where time and chance come in by default. */
const DEFAULTS: Record<string, readonly string[]> = {
  'Math.random': ['defaults.ts'],
  'performance.now': ['request/clock.ts'],
  setTimeout: ['request/clock.ts'],
  clearTimeout: ['request/clock.ts'],
  setImmediate: ['request/clock.ts'],
  clearImmediate: ['request/clock.ts'],
};

describe('Time and chance', () => {
  const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'];
  const MEMBERS = ['Date.now', 'performance.now', 'Math.random', 'process.hrtime', 'crypto.getRandomValues'];

  /** Uses of a global, by name; what merely has the same name elsewhere is none. */
  function usesIn({ path, source }: Module): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node) && MEMBERS.includes(node.getText(source)))
        found.push(node.getText(source));
      const parent = node.parent;
      const isMember = parent && ts.isPropertyAccessExpression(parent) && parent.name === node;
      if (ts.isIdentifier(node) && TIMERS.includes(node.text) && !isMember) found.push(node.text);
      const isMade = ts.isNewExpression(node) && node.expression.getText(source) === 'Date';
      if (isMade) found.push('new Date');
      if (
        isMember &&
        ts.isIdentifier(node) &&
        TIMERS.includes(node.text) &&
        /^(globalThis|window|self)$/.test(parent.expression.getText(source))
      ) {
        found.push(node.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found.filter((use) => !DEFAULTS[use]?.includes(path)).map((use) => `${path}: ${use}`);
  }

  it('come in as arguments: nothing in src asks the platform for them, documented defaults aside', () => {
    expect([...MODULES.values()].flatMap(usesIn)).toEqual([]);
  });

  it('are found by this test where they are used', () => {
    const text =
      'setTimeout(f); Date.now(); const now = Date.now; globalThis.setInterval(f); clock.setTimeout(f); new Date();';
    const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022, true);
    const uses = usesIn({ path: 'x.ts', source, specifiers: [] });
    expect(uses).toEqual(
      ['setTimeout', 'Date.now', 'Date.now', 'setInterval', 'new Date'].map((use) => `x.ts: ${use}`),
    );
  });

  it('have defaults where they are said to', () => {
    for (const [use, paths] of Object.entries(DEFAULTS)) {
      for (const path of paths) expect(MODULES.get(path)?.source.text).toContain(use);
    }
  });
});

describe('Files', () => {
  it('are one idea each: under 220 lines, but for the facade', () => {
    const long = [...MODULES.values()]
      .filter(({ source }) => source.text.split('\n').length > 220)
      .map(({ path }) => path);
    expect(long).toEqual(['pool/connection-pool.ts']);
  });

  it('never say `any`', () => {
    const saying: string[] = [];
    for (const { path, source } of MODULES.values()) {
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) saying.push(path);
        ts.forEachChild(node, visit);
      };
      visit(source);
    }
    expect(saying).toEqual([]);
  });
});
