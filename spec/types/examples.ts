// Takes the examples out of TSDoc and of the guide, each as a module that a compiler reports on by the line that it stands on.
// No tool does it: typescript-docs-verifier reads Markdown alone, `deno check --doc` has a TypeScript of its own and
// knows no prelude, and TypeDoc and the ESLint plugins look at the form of an example, not at its types.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { GUIDE } from '../docs/documents.js';
import { entries } from '../package/entries.js';

/** An example, and the lines of its file that it stands on. */
interface Example {
  readonly file: string;
  /** The first line of code, counted from 0. */
  readonly line: number;
  readonly code: readonly string[];
}

/** What examples import of other packages. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  '@nestjs/common': ['Get', 'Inject', 'Injectable', 'MessageEvent', 'Module', 'Sse'],
  '@nestjs/core': ['NestFactory'],
  '@nestjs/terminus': ['HealthCheck', 'HealthCheckResult', 'HealthCheckService'],
  '@opentelemetry/api': ['metrics', 'trace'],
  'prom-client': ['Registry'],
};

/** The names that a module exports by `export { … } from`. */
function exportsOf(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext);
  return source.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name }) => name.text)
      : [],
  );
}

/** Blocks of ```ts, in comments or in Markdown. What is before the code of a line becomes blanks, so columns stay. */
function blocksOf(file: string, isCode: (line: string) => boolean): readonly Example[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const examples: Example[] = [];
  let begin = -1;
  for (const [index, line] of lines.entries()) {
    if (begin < 0 && /^\s*(\* )?```ts$/.test(line) && isCode(line)) begin = index + 1;
    else if (begin >= 0 && /^\s*(\* )?```$/.test(line)) {
      const code = lines.slice(begin, index).map((text) => (file.endsWith('.md') ? text : text.replace(' *', '  ')));
      examples.push({ file, line: begin, code });
      begin = -1;
    }
  }
  return examples;
}

const isComment = (line: string): boolean => line.trimStart().startsWith('*');

/** One that imports something is complete; for others, what they use of the package and of rxjs is imported. */
function moduleOf({ line, code }: Example, sources: ReadonlyMap<string, readonly string[]>): string {
  const text = code.join('\n');
  const words = new Set(text.match(/(?<![\w$.])[\w$]+/g));
  const imports = [...sources].flatMap(([specifier, names]) => {
    // Several entries export the errors of requests.
    const used = names.filter((name) => words.delete(name));
    return used.length > 0 ? [`import { ${used.join(', ')} } from '${specifier}';`] : [];
  });
  const head = /^\s*import .* from '/m.test(text) ? '' : imports.join(' ');
  return `export {}; ${head}${'\n'.repeat(line)}${text}\n`;
}

export function writeExamples(folder: string): void {
  const sources = new Map(entries.map(({ specifier, source }) => [specifier, exportsOf(source)]));
  for (const [name, names] of Object.entries(OTHERS)) sources.set(name, names);
  sources.set('rxjs', exportsOf('node_modules/rxjs/dist/types/index.d.ts'));
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join('src', file));
  const examples = [
    ...files.flatMap((file) => blocksOf(file, isComment)),
    ...GUIDE.flatMap((file) => blocksOf(file, () => true)),
  ];
  const written = files.map((file) => readFileSync(file, 'utf8').match(/@example/g)?.length ?? 0);
  const expected = written.reduce((sum, count) => sum + count, 0);
  const found = examples.length;
  if (found < expected) throw new Error(`${expected} examples in TSDoc, of which ${found} have a block of ts`);
  mkdirSync(folder, { recursive: true });
  cpSync('spec/types/prelude.d.ts', path.join(folder, 'prelude.d.ts'));
  for (const example of examples) {
    const file = path.join(folder, `${example.file}.${example.line}.ts`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, moduleOf(example, sources));
  }
}
