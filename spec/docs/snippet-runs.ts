import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Ended } from '../examples/run-program.js';
import type { Snippet } from './documents.js';

/** Runs a program of a page in a process of its own, as it is pasted. */
export async function runSnippet({ code }: Pick<Snippet, 'code'>, environment = {}): Promise<Ended> {
  const folder = mkdtempSync(path.join(__dirname, '.snippet-'));
  try {
    const file = path.join(folder, 'program.ts');
    writeFileSync(file, code);
    const env = { ...process.env, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...environment };
    const child = spawn(process.execPath, ['spec/docs/run-snippet.mjs', file], {
      cwd: path.resolve(__dirname, '../..'),
      env,
      timeout: 30_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { status, signal, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
