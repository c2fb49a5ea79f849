import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, buildSync } from 'esbuild';
import type { Finding, Medians, Race, Variant } from './measure.js';

/** The folder of the library that is measured; put here by the loader. */
declare const LIBRARY: string;

const ENTRY = path.join(LIBRARY, 'src', 'index.ts');
const ROUNDS = 31;

/** kB, minified and gzipped. `npm run size` holds more exports than have a goal. */
const GOALS: Readonly<Record<string, number>> = { ConnectionPool: 12, reconnectBroken: 2.5, leastLoaded: 2 };

function bundle(contents: string, options: BuildOptions): Uint8Array {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: LIBRARY },
    bundle: true,
    external: ['rxjs'],
    ...options,
    write: false,
  });
  return (outputFiles[0] as (typeof outputFiles)[number]).contents;
}

function sizeOf(name: string, limit: number): Finding {
  const contents = bundle(`export { ${name} } from '${ENTRY}';`, { minify: true, format: 'esm' });
  const gzipped = gzipSync(contents, { level: 9 }).byteLength;
  return {
    goal: 'P13',
    about: `${name} alone, minified and gzipped`,
    measured: `${gzipped.toLocaleString('en')} bytes (${contents.byteLength.toLocaleString('en')} minified)`,
    baseline: 'rxjs not counted',
    figure: gzipped / 1_000,
    unit: ' kB',
    limit: { atMost: limit },
  };
}

/** Milliseconds that a fresh process takes to load a module. */
const loading = (name: string, module: string): Variant => ({
  name,
  sample: () => {
    const request = JSON.stringify(module);
    const program = `const begin = performance.now(); require(${request}); console.log(performance.now() - begin);`;
    return Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
  },
});

/** The core in one file, as the package has it for Node, where `rxjs` is found from. */
function bundleCore(): string {
  const folder = path.resolve('node_modules', '.cache', 'rxpool-bench');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `core-${process.pid}-${LIBRARY.replaceAll(/\W/g, '-')}.cjs`);
  writeFileSync(file, bundle(`export * from '${ENTRY}';`, { platform: 'node', format: 'cjs' }));
  return file;
}

/** P13: what importing costs. */
export async function* benchSize(): AsyncGenerator<Race, Finding[], Medians> {
  const time = yield { variants: [loading('rxjs', 'rxjs'), loading('core', bundleCore())], rounds: ROUNDS };
  return [
    ...Object.entries(GOALS).map(([name, limit]) => sizeOf(name, limit)),
    {
      goal: 'P13',
      about: 'loading the core, against loading rxjs alone',
      measured: `core ${time('core').toFixed(1)} ms`,
      baseline: `rxjs ${time('rxjs').toFixed(1)} ms`,
      figure: time('core') / time('rxjs'),
      unit: '×',
      limit: { atMost: 1.1 },
    },
  ];
}
