// Runs a TypeScript program without a loader such as tsx, which would also be part of what a bench measures:
//   node spec/package/run.mjs FILE [ARGUMENT...]
// The program and what it imports of the repository become one CommonJS module in memory; packages are required
// as usual. 'rxpool' means src/, by `paths` in tsconfig.json. Types are not checked.
// In a fresh clone it installs the packages first.
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Module } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const [file, ...args] = process.argv.slice(2);
const entry = path.resolve(file ?? '');
if (!file || file.startsWith('-') || !existsSync(entry)) {
  const help = file === '--help' || file === '-h';
  if (file && !help) console.error(`run.mjs: there is no file ${JSON.stringify(file)}`);
  console[help ? 'log' : 'error']('usage: node spec/package/run.mjs FILE [ARGUMENT...]\nRuns a program in TypeScript.');
  process.exit(help ? 0 : 2);
}

if (!existsSync(path.join(repository, 'node_modules', '.package-lock.json'))) {
  // Called in the repository, `prepare` builds nothing: see prepare.mjs. What npm prints is no output of the program.
  const env = { ...process.env, INIT_CWD: repository };
  execSync('npm ci --no-audit', { cwd: repository, env, stdio: ['ignore', 2, 2] });
}

const { buildSync } = await import('esbuild');
let bundle;
try {
  bundle = buildSync({
    entryPoints: [entry],
    outfile: `${entry}.cjs`, // never written: it tells the source map where its sources are
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    write: false,
    logLevel: 'error',
  });
} catch {
  process.exit(1); // esbuild has said why
}

process.argv = [process.argv[0], entry, ...args];
process.setSourceMapsEnabled(true);

const program = new Module(entry);
program.filename = entry;
program.paths = Module._nodeModulePaths(path.dirname(entry));
program._compile(bundle.outputFiles[0].text, entry);
