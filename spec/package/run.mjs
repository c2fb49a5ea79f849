// Runs a TypeScript program without a loader such as tsx, which would also be part of what a bench measures:
//   node spec/package/run.mjs FILE [ARGUMENT...]
// The program and what it imports of the repository become one CommonJS module in memory; packages are required
// as usual. 'rxpool' means src/, by `paths` in tsconfig.json. Types are not checked.
import { Module } from 'node:module';
import path from 'node:path';
import { buildSync } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (!file) {
  console.error('usage: node spec/package/run.mjs FILE [ARGUMENT...]');
  process.exit(2);
}
const entry = path.resolve(file);

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
