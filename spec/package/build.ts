// Compiles what the entry points reach of src/ into dist/cjs and dist/esm.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { entries } from './entries.js';

const FORMATS: Readonly<Record<'cjs' | 'esm', ts.CompilerOptions>> = {
  // NodeNext takes the format from package.json, which says "commonjs", and leaves import() alone.
  cjs: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  esm: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};

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
      sourceMap: true,
      stripInternal: true,
    },
  );
  const { diagnostics } = program.emit();
  return ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
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
  return undefined;
}

const failure = build();
if (failure !== undefined) {
  console.error(failure);
  process.exitCode = 1;
}
