import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const repository = process.cwd();
const workplace = mkdtempSync(path.join(tmpdir(), 'rxpool-package-'));
process.on('exit', () => rmSync(workplace, { recursive: true, force: true }));

/** Runs a command; what it printed is the message of the error when it fails. */
export async function run(command: string, args: readonly string[], cwd = repository): Promise<string> {
  try {
    return (await exec(command, args, { cwd, maxBuffer: 2 ** 26 })).stdout;
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as Error & { stdout?: string; stderr?: string };
    throw new Error(`${stdout}${stderr}`.trim() || message, { cause });
  }
}

/** Runs the command line of an installed package with this very Node. */
export const runTool = (script: string, args: readonly string[], cwd?: string): Promise<string> =>
  run(process.execPath, [path.join(repository, 'node_modules', script), ...args], cwd);

export interface Packed {
  readonly tarball: string;
  /** The unpacked tarball. */
  readonly folder: string;
  /** Every file in it, relative to the folder. */
  readonly files: readonly string[];
}

/** Packs what has been built. */
export async function pack(): Promise<Packed> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', workplace];
  const [report] = JSON.parse(await run('npm', args)) as [{ filename: string }];
  const tarball = path.join(workplace, report.filename);
  await run('tar', ['-xzf', tarball], workplace);
  const folder = path.join(workplace, 'package');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => path.relative(folder, path.join(file.parentPath, file.name)));
  return { tarball, folder, files };
}

/**
 * Makes a project that has the packed package and rxjs installed, and nothing else but what `links` names: those come
 * from the repository's own node_modules, so no registry is asked.
 */
export function makeConsumer(
  packed: Packed,
  name: string,
  files: Readonly<Record<string, string | object>>,
  links: readonly string[] = [],
): string {
  const folder = path.join(workplace, name);
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(packed.folder, path.join(modules, 'rxpool'), { recursive: true });
  for (const link of ['rxjs', ...links]) {
    mkdirSync(path.dirname(path.join(modules, link)), { recursive: true });
    symlinkSync(path.join(repository, 'node_modules', link), path.join(modules, link), 'junction');
  }
  for (const [file, content] of Object.entries({ 'package.json': { private: true }, ...files })) {
    writeFileSync(path.join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}
