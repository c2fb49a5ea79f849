// Compiles what the entry points reach of src/ into dist/esm, and makes a bundle of that in dist/cjs.
// - ES modules are for bundlers, which leave out whole modules better than parts of one: they stay one for each source.
// - CommonJS is for Node, where each file costs time to load: one for each entry point, and what several entry points
//   need in files that they share, so that a class is the same class wherever it comes from.
// - Declarations come from TypeScript in both formats.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { type BuildOptions, buildSync } from 'esbuild';
import ts from 'typescript';
import { entries } from './entries.js';

const FORMATS: Readonly<Record<'cjs' | 'esm', ts.CompilerOptions>> = {
  // NodeNext takes the format from package.json, which says "commonjs".
  cjs: {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    emitDeclarationOnly: true,
  },
  esm: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, sourceMap: true },
};

const BUNDLE = {
  outdir: 'dist/cjs',
  platform: 'node',
  target: 'es2022',
  sourcemap: true,
  sourcesContent: false, // src/ is in the package
  logLevel: 'error',
} satisfies BuildOptions;

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n',
};

function readOptions(): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  if (error) throw new Error(ts.formatDiagnostic(error, formatHost));
  return ts.parseJsonConfigFileContent(config, ts.sys, process.cwd()).options;
}

function compile(format: 'cjs' | 'esm', base: ts.CompilerOptions): readonly ts.Diagnostic[] {
  const program = ts.createProgram(
    entries.map((entry) => entry.source),
    {
      ...base,
      ...FORMATS[format],
      types: ['node'],
      rootDir: 'src',
      outDir: `dist/${format}`,
      noEmit: false,
      noEmitOnError: true,
      declaration: true,
      declarationMap: true,
      stripInternal: true,
    },
  );
  const { diagnostics } = program.emit();
  return ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
}

/** Shared files are a thing that esbuild can do in ES modules only, so each file becomes CommonJS in a second step. */
function bundle(): void {
  const { metafile } = buildSync({
    ...BUNDLE,
    entryPoints: entries.map((entry) => entry.esm),
    outbase: 'dist/esm',
    chunkNames: 'shared-[hash]',
    format: 'esm',
    bundle: true,
    splitting: true,
    packages: 'external',
    metafile: true,
  });
  buildSync({
    ...BUNDLE,
    entryPoints: Object.keys(metafile.outputs).filter((file) => file.endsWith('.js')),
    outbase: BUNDLE.outdir,
    format: 'cjs',
    allowOverwrite: true,
  });
}

function build(): string | undefined {
  const missing = entries.filter((entry) => !existsSync(entry.source));
  if (missing.length > 0) {
    return missing
      .map((entry) => `"${entry.specifier}" is in package.json, but there is no ${entry.source}`)
      .join('\n');
  }
  rmSync('dist', { recursive: true, force: true });
  const base = readOptions();
  for (const format of ['cjs', 'esm'] as const) {
    const diagnostics = compile(format, base);
    if (diagnostics.length > 0) return ts.formatDiagnostics(diagnostics, formatHost);
  }
  // Bundlers read "sideEffects" from the nearest package.json, so the one that says "module" repeats it.
  writeFileSync('dist/esm/package.json', '{ "type": "module", "sideEffects": false }\n');
  bundle();
  return undefined;
}

const failure = build();
if (failure !== undefined) {
  console.error(failure);
  process.exitCode = 1;
}
