import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as rxpool from 'rxpool';
import * as zcached from 'rxpool/zcached';

const run = promisify(execFile);
const root = join(__dirname, '..', '..');

async function readme(): Promise<string> {
  return readFile(join(root, 'README.md'), 'utf8');
}

/** A program of its own, where packages are found as anywhere in this repository. */
async function inFile(program: string, work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(__dirname, '.readme-'));
  try {
    const file = join(folder, 'program.ts');
    await writeFile(file, program);
    await work(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('README', () => {
  it('README, quick start: prints the expected lines', async () => {
    const [, program] = /## Quick start[\s\S]*?```ts\n([\s\S]*?)```/.exec(await readme()) ?? [];
    await inFile(program ?? '', async (file) => {
      const { stdout } = await run(process.execPath, [join(root, 'spec', 'package', 'run.mjs'), file], { cwd: root });
      expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining(['empty 0', 'healthy 4', 'hello', 'closed 0']));
    });
  }, 20_000);

  it('README, tables of zcached: name only members of ConnectionPool, ZcachedClient and ZcachedConnection', async () => {
    const [, section] = /## From zcached([\s\S]*?)\n## /.exec(await readme()) ?? [];
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
      const [, table] = new RegExp(`### \`${title}\` →([\\s\\S]*?)(\n###|$)`).exec(section ?? '') ?? [];
      const rows = [...(table ?? '').matchAll(/^\|[^|]*\|([^|]*)\|/gm)].map(([, here]) => here ?? '');
      const names = rows.flatMap((here) => [...here.matchAll(/`(\w+\$?)/g)].map(([, name]) => name as string));
      expect(names.length).toBeGreaterThanOrEqual(least);
      expect(names.filter((name) => !(name in owner))).toEqual([]);
    }
  });

  it('README, tables of operators and strategies: name only exports of rxpool', async () => {
    const tables = [/\| operator \|[\s\S]*?\n\n/, /\| strategy \|[\s\S]*?\n\n/];
    const text = await readme();
    const names = tables.flatMap((table) => {
      const rows = [...(table.exec(text)?.[0] ?? '').matchAll(/^\|([^|]*)\|/gm)];
      return rows.flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name as string));
    });
    expect(names.length).toBeGreaterThan(14);
    expect(names.filter((name) => !(name in rxpool))).toEqual([]);
  });

  it('README, example of a zcached client: prints the expected lines', async () => {
    const [, snippet = ''] = /## zcached\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(await readme()) ?? [];
    const program = `
      import { firstValueFrom, map } from 'rxjs';
      import { startZcachedServer } from 'rxpool/testing/node';
      import { ZcachedClient } from 'rxpool/zcached';
      interface User { name: string; notes: string }
      async function main() {
        const server = await startZcachedServer({ flaws: false });
        ${snippet
          .replace(':7556?', ":' + server.port + '?")
          .replace(
            'await client.close();',
            'console.log(await firstValueFrom(name$), user?.notes); await client.close();',
          )}
        await server.close();
      }
      void main();`;
    await inFile(program, async (file) => {
      const { stdout } = await run(process.execPath, [join(root, 'spec', 'package', 'run.mjs'), file], { cwd: root });
      const lines = new Set(stdout.trim().split('\n'));
      expect([...lines]).toEqual(['user:1', 'thumbnail', 'healthy', 'Ada two', 'lines', 'closed']);
    });
  }, 30_000);

  it('README: links only to files that exist', async () => {
    const links = [...(await readme()).matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(3);
    await Promise.all(links.map((link) => run('ls', [join(root, link)])));
  });

  it('src/README.md and examples/README.md name only files that are there', async () => {
    const architecture = await readFile(join(root, 'src', 'README.md'), 'utf8');
    const guide = await readFile(join(root, 'examples', 'README.md'), 'utf8');
    const named = [...architecture.matchAll(/`([\w./-]+\/[\w.-]+\.ts)`/g)].map(([, file]) => file as string);
    const sources = named.filter((file) => !file.includes('NAME'));
    const linked = [...guide.matchAll(/\]\(([^)#]+)\)/g)].map(([, file]) => join('examples', file as string));
    expect(sources.length).toBeGreaterThan(20);
    expect(linked.length).toBeGreaterThan(14);
    const paths = sources.map((file) => (file.startsWith('spec/') ? file : join('src', file)));
    await Promise.all([...paths, ...linked].map((file) => run('ls', [join(root, file)])));
  });
});
