import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as rxpool from 'rxpool';
import * as zcached from 'rxpool/zcached';
import { DOCUMENTS, GUIDE, readDocument, type Snippet, snippetsOf } from './documents.js';
import { brokenLinks, linksOf } from './links.js';
import { runSnippet } from './snippet-runs.js';

const ROOT = path.resolve(__dirname, '../..');

/** Those that need a server of another program, which spec/servers runs, or an application of Angular around them. */
const needsMore = ({ code }: Snippet): boolean => /from '(redis|@angular\/core.*|rxpool\/angular)'/.test(code);

const snippets = GUIDE.flatMap(snippetsOf).filter((snippet) => !needsMore(snippet));

/** The names in the first column of the table that has such a heading. */
const namesIn = (file: string, heading: string): string[] => {
  const [, table = ''] = new RegExp(`^\\| ${heading} \\|([\\s\\S]*?)\\n\\n`, 'm').exec(readDocument(file)) ?? [];
  const cells = [...table.matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell as string);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name as string));
};

describe('Documents', () => {
  it.each(snippets.map((snippet) => [`${snippet.file}:${snippet.line}`, snippet] as const))(
    '%s runs as pasted, and prints what the page says',
    async (_, snippet) => {
      const { status, stdout, stderr } = await runSnippet(snippet);
      expect(stderr).toBe('');
      if (snippet.output !== undefined) expect(stdout).toBe(snippet.output);
      expect(status).toBe(0);
    },
    60_000,
  );

  it('README has at most 9,000 bytes', () => {
    expect(Buffer.byteLength(readDocument('README.md'))).toBeLessThanOrEqual(9_000);
  });

  it.each(DOCUMENTS)('%s links only to files and headings that exist', (file) => {
    expect(brokenLinks(path.join(ROOT, file), ROOT)).toEqual([]);
  });

  it('README links to files of the package, or by the address of the repository', () => {
    expect(linksOf(readDocument('README.md')).filter((link) => !/^(https:|#)/.test(link))).toEqual([
      'CHANGELOG.md',
      'LICENSE',
    ]);
  });

  it('the check of links finds a file and a heading that do not exist', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rxpool-links-'));
    const none = 'https://github.com/rxpool/rxpool/blob/main/README.md#none';
    const text = `# One, two\n[a](#one-two) [b](#one) [c](none.md) [d](mailto:a@b.c) [e](${none})\n[f]: ${none.replace('#none', '')}`;
    try {
      writeFileSync(path.join(folder, 'page.md'), text);
      expect(brokenLinks(path.join(folder, 'page.md'), ROOT)).toEqual(['#one', 'none.md', none]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('src/README.md names only files that exist', () => {
    const named = [...readDocument('src/README.md').matchAll(/`([\w./-]+\/[\w.-]+\.ts)`/g)].map(
      ([, file]) => file as string,
    );
    const files = named.filter((file) => !file.includes('NAME'));
    expect(files.length).toBeGreaterThan(20);
    const folders = ['', 'src'];
    expect(files.filter((file) => !folders.some((folder) => existsSync(path.join(ROOT, folder, file))))).toEqual([]);
  });

  it('pages for users name only errors that are exported', () => {
    const reports = readdirSync(path.join(ROOT, 'spec/api')).filter((file) => file.endsWith('.md'));
    const classes = reports.flatMap(
      (file) => readDocument(`spec/api/${file}`).match(/(?<=export (?:abstract )?class )\w+/g) ?? [],
    );
    const named = GUIDE.flatMap((file) => readDocument(file).match(/(?<=`)[A-Z]\w*Error\b/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !classes.includes(name) && !(name in globalThis))).toEqual([]);
  });

  it('the tables of operators and strategies name only exports of rxpool', () => {
    const names = [
      ...namesIn('examples/guide/healing.md', 'operator'),
      ...namesIn('examples/guide/servers.md', 'strategy'),
    ];
    expect(names.length).toBeGreaterThan(14);
    expect(names.filter((name) => !(name in rxpool))).toEqual([]);
  });

  it('the tables of zcached name only members of ConnectionPool, ZcachedClient and ZcachedConnection', () => {
    const [, section = ''] = /## From zcached([\s\S]*)$/.exec(readDocument('examples/COMPARISON.md')) ?? [];
    const pool = new rxpool.ConnectionPool(0, () => {
      throw new Error('not called');
    });
    const client = Object.assign(new zcached.ZcachedClient(pool as never), { ZcachedClient: 1, new: 1 });
    const tables: [string, object, number][] = [
      ['AsyncConnectionPool', pool, 18],
      ['AsyncZCached', client, 14],
      ['AsyncConnection', new zcached.ZcachedConnection(), 11],
    ];
    for (const [title, owner, least] of tables) {
      const [, table = ''] = new RegExp(`### \`${title}\` →([\\s\\S]*?)(\n###|$)`).exec(section) ?? [];
      const rows = [...table.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].map(([, here]) => here ?? '');
      const names = rows.flatMap((here) => [...here.matchAll(/`(\w+\$?)/g)].map(([, name]) => name as string));
      expect(names.length).toBeGreaterThanOrEqual(least);
      expect(names.filter((name) => !(name in owner))).toEqual([]);
    }
  });
});
