import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as ts from 'typescript';

const ROOT = resolve(__dirname, '../src');

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });

/** A file of src, by its path there. */
interface Module {
  readonly path: string;
  readonly source: ts.SourceFile;
}

function read(file: string): Module {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  return { path: relative(ROOT, file), source };
}

const MODULES = new Map(filesIn(ROOT).map((file) => [relative(ROOT, file), read(file)] as const));

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
    const uses = usesIn({ path: 'x.ts', source });
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
