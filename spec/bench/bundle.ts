import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { median, report } from './measure.js';

/** Size of a program that imports the pool with its defaults, rxjs left out. */
function bundled(): { readonly minified: number; readonly gzipped: number } {
  const { outputFiles } = buildSync({
    stdin: { contents: "export { ConnectionPool } from './src/index.ts';", resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['rxjs'],
    write: false,
  });
  const { contents } = outputFiles[0] as (typeof outputFiles)[number];
  return { minified: contents.byteLength, gzipped: gzipSync(contents, { level: 9 }).byteLength };
}

/** Milliseconds that a fresh process takes to load what `code` asks for. */
function loading(code: string): number {
  const program = `const begin = performance.now(); ${code}; console.log(performance.now() - begin);`;
  return Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
}

function load(): { readonly core: number; readonly rxjs: number } {
  const core: number[] = [];
  const rxjs: number[] = [];
  for (let round = 0; round < 31; round++) {
    rxjs.push(loading("require('rxjs')"));
    core.push(loading("require('./dist/index.js')"));
  }
  return { core: median(core), rxjs: median(rxjs) };
}

export function benchBundle(): boolean {
  const { minified, gzipped } = bundled();
  const times = load();
  return [
    report({
      goal: 'P12 the pool with its defaults, minified and gzipped',
      measured: `${gzipped.toLocaleString('en')} bytes (${minified.toLocaleString('en')} minified)`,
      baseline: 'rxjs not counted',
      figure: gzipped / 1_000,
      unit: ' kB',
      limit: { atMost: 6 },
    }),
    report({
      goal: 'P12 loading the core against loading rxjs alone',
      measured: `${times.core.toFixed(1)} ms`,
      baseline: `rxjs alone ${times.rxjs.toFixed(1)} ms`,
      figure: times.core / times.rxjs,
      unit: '×',
      limit: { atMost: 1.15 },
    }),
  ].every(Boolean);
}
