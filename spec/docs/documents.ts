import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

const pagesIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(folder, file));

const applications = readdirSync(path.join(ROOT, 'examples'))
  .map((name) => `examples/${name}/README.md`)
  .filter((file) => existsSync(path.join(ROOT, file)));

/** Pages for users. */
export const GUIDE: readonly string[] = [
  'README.md',
  ...pagesIn('examples'),
  ...pagesIn('examples/guide'),
  ...applications,
];

/** All pages of the repository. */
export const DOCUMENTS: readonly string[] = [
  ...GUIDE,
  ...pagesIn('.github'),
  ...pagesIn('.changeset'),
  ...['CHANGELOG.md', 'src/README.md', 'spec/bench/README.md'],
];

export const readDocument = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** A program in a page. */
export interface Snippet {
  readonly file: string;
  /** The line that it begins on, from 1. */
  readonly line: number;
  readonly code: string;
  /** What the page says that it prints, in the block that follows. */
  readonly output: string | undefined;
}

const BLOCKS = /^```ts\n([\s\S]*?)^```\n(?:\n(?:[^\n`]+\n\n)?```text\n([\s\S]*?)^```\n)?/gm;

export function snippetsOf(file: string): readonly Snippet[] {
  const text = readDocument(file);
  return [...text.matchAll(BLOCKS)].map(({ 1: code = '', 2: output, index }) => {
    return { file, line: text.slice(0, index).split('\n').length + 1, code, output };
  });
}
