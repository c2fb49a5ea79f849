// Runs a program of the documentation as an ES module, as its reader would save it:
//   node spec/docs/run-snippet.mjs FILE
// 'rxpool' means src/. What is made of the program lies beside it, so that packages are found.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const file = path.resolve(process.argv[2]);
const outfile = `${file}.mjs`;
buildSync({
  entryPoints: [file],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  tsconfigRaw: {
    compilerOptions: {
      experimentalDecorators: true,
      paths: { rxpool: ['./src/index.ts'], 'rxpool/*': ['./src/*/index.ts'] },
    },
  },
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  logLevel: 'error',
});
await import(pathToFileURL(outfile).href);
