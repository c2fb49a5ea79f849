// A script of our own, because the linter's plugins see no comments and the words to avoid are ours.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as ts from 'typescript';

const ROOT = resolve(__dirname, '..');

/** A title, a comment or a message names the thing (subscriber, waiter, listener, connection), not a person. */
const PERSONS = /\b(whoever|somebody|nobody|anybody|everybody)\b/i;

/** Where that holds of test titles, of comments, and of strings. */
const FOLDERS = { titles: ['spec'], comments: ['examples', 'src'], strings: ['src'] };

/** Without packages, and folders whose names begin with a dot: other specs make those, and remove them meanwhile. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });

const TESTS = /^(it|test|describe)\b/;

/** The first argument of each `it`, `test` and `describe`, with `.each` and the like, that is text. */
function titlesIn(source: ts.SourceFile): ts.Node[] {
  const titles: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TESTS.test(node.expression.getText(source))) {
      const [title] = node.arguments;
      if (title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) titles.push(title);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

function stringsIn(source: ts.SourceFile): ts.Node[] {
  const strings: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) strings.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return strings;
}

interface Piece {
  readonly start: number;
  readonly text: string;
}

function commentsIn(source: ts.SourceFile): Piece[] {
  const comments = new Map<number, Piece>();
  const take = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) comments.set(pos, { start: pos, text: source.text.slice(pos, end) });
  };
  const visit = (node: ts.Node): void => {
    take(ts.getLeadingCommentRanges(source.text, node.getFullStart()));
    take(ts.getTrailingCommentRanges(source.text, node.getEnd()));
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return [...comments.values()];
}

const parse = (name: string, text: string): ts.SourceFile =>
  ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);

function found(source: ts.SourceFile, pieces: readonly Piece[]): string[] {
  return pieces
    .filter(({ text }) => PERSONS.test(text))
    .map(({ start, text }) => `${source.fileName}:${source.getLineAndCharacterOfPosition(start).line + 1}: ${text}`);
}

const piecesOf = (source: ts.SourceFile, nodes: readonly ts.Node[]): Piece[] =>
  nodes.map((node) => ({ start: node.getStart(source), text: node.getText(source) }));

const titlesOf = (source: ts.SourceFile): string[] => found(source, piecesOf(source, titlesIn(source)));

const stringsOf = (source: ts.SourceFile): string[] => found(source, piecesOf(source, stringsIn(source)));

const commentsOf = (source: ts.SourceFile): string[] => found(source, commentsIn(source));

const check = (folders: readonly string[], look: (source: ts.SourceFile) => string[]): string[] =>
  folders
    .flatMap((folder) => filesIn(join(ROOT, folder)))
    .flatMap((file) => look(parse(relative(ROOT, file), readFileSync(file, 'utf8'))));

describe('Words', () => {
  it('test titles contain no word for a person that the check lists', () => {
    expect(check(FOLDERS.titles, titlesOf)).toEqual([]);
  });

  it('comments contain no word for a person that the check lists', () => {
    expect(check(FOLDERS.comments, commentsOf)).toEqual([]);
  });

  it('strings of the library contain no word for a person that the check lists', () => {
    expect(check(FOLDERS.strings, stringsOf)).toEqual([]);
  });

  it('the check of words finds them in titles of it, test and describe, in comments and in strings', () => {
    const text = `
      // Told to whoever asks.
      describe('a', () => it.each([1])(\`b %i \${c} Nobody\`, () => f('somebody')));
      it('c', () => { /* and everybody */ });
    `;
    const source = parse('x.ts', text);
    expect(titlesOf(source).map((line) => line.split(':')[1])).toEqual(['3']);
    expect(commentsOf(source).map((line) => line.split(':')[1])).toEqual(['2', '4']);
    expect(stringsOf(source).map((line) => line.split(':')[1])).toEqual(['3', '3']);
  });
});
