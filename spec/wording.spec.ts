// A script of our own, because the linter's plugins see no comments and the words to avoid are ours.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as ts from 'typescript';
import { DOCUMENTS } from './docs/documents.js';

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

const MOST_WORDS = 35;

/** Where a sentence ends: at its mark, at an empty line, at an item, at a cell of a table, at a tag of TSDoc. */
const ENDS = /\n\s*\n|\n(?=\s*(?:[-*|#] |\d+\. |\||@))|\s\|\s|(?<=[.!?:])\s+(?=[A-Z`*"'([])/;

/** The sentences of a page or a comment, without blocks of code. A piece of code in a line is one word. */
const sentencesOf = (text: string): string[] =>
  text
    .replace(/```[\s\S]*?```/g, '\n\n')
    .replace(/^ {4}.*$/gm, '')
    .replace(/\{@link ([^}]*)\}|`[^`]*`/g, 'X')
    .replace(/\]\([^)]*\)/g, ']')
    .split(ENDS)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim());

const isLong = (sentence: string): boolean => sentence.split(' ').filter((word) => /\w/.test(word)).length > MOST_WORDS;

const TSDOC = /^\/\*\*/;

const longIn = (source: ts.SourceFile): string[] =>
  commentsIn(source)
    .filter(({ text }) => TSDOC.test(text))
    .flatMap(({ text }) => sentencesOf(text.replace(/^\s*\/?\*+\/? ?/gm, '').replace(/@example[\s\S]*/, '')))
    .filter(isLong)
    .map((sentence) => `${source.fileName}: ${sentence}`);

describe('Words', () => {
  it.each(DOCUMENTS)(
    '%s contains no word for a person that the check lists, and no sentence of over 35 words',
    (file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(text.match(PERSONS)).toBeNull();
      expect(sentencesOf(text).filter(isLong)).toEqual([]);
    },
  );

  it('TSDoc of the library contains no sentence of over 35 words', () => {
    expect(check(['src'], longIn)).toEqual([]);
  });

  it('the check of sentences counts the words of each, code as one', () => {
    const words = (count: number): string => Array<string>(count).fill('word').join(' ');
    const text = `${words(35)}. \`a b c\` ${words(34)}\n\n- ${words(35)}: ${words(36)}.\n${words(36)} after it.`;
    expect(sentencesOf(text).filter(isLong)).toHaveLength(1);
    expect(longIn(parse('x.ts', `/** ${words(36)}. */ let a; // ${words(40)}`))).toHaveLength(1);
  });

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
