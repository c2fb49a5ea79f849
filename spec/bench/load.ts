import { Module } from 'node:module';
import path from 'node:path';
import { buildSync } from 'esbuild';
import type { SUITES } from './suites.js';

const SUITES_FILE = path.resolve('spec/bench/suites.ts');

/**
 * The suites, measuring the library in a folder by its public entries. Each library gets a copy of the suites, so that
 * the engine compiles them for that library alone. The folder needs sources only: nothing installed, nothing built.
 */
export function loadSuites(folder: string): typeof SUITES {
  const entry = (name: string): string => path.resolve(folder, 'src', name, 'index.ts');
  const { outputFiles } = buildSync({
    entryPoints: [SUITES_FILE],
    outfile: `${SUITES_FILE}.cjs`, // never written: it tells the source map where its sources are
    bundle: true,
    packages: 'external',
    alias: {
      rxpool: entry('.'),
      'rxpool/testing': entry('testing'),
      'rxpool/testing/node': entry('testing/node'),
      'rxpool/zcached': entry('zcached'),
    },
    define: { LIBRARY: JSON.stringify(path.resolve(folder)) },
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    write: false,
    logLevel: 'error',
  });
  const module = new Module(SUITES_FILE) as Module & { _compile(code: string, file: string): void };
  module.filename = SUITES_FILE;
  module.paths = path
    .dirname(SUITES_FILE)
    .split(path.sep)
    .map((_, index, all) => [...all.slice(0, all.length - index), 'node_modules'].join(path.sep));
  module._compile(outputFiles[0]?.text ?? '', SUITES_FILE);
  return module.exports.SUITES;
}
