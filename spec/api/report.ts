// Writes the public surface of each entry point to spec/api/*.api.md, or fails where one differs.
// A script, because api-extractor takes one entry point a run, and declarations, which it does not make itself.
// What a report lists without "export" is reachable from what is exported, but cannot be imported.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import ts from 'typescript';
import { type Entry, entries } from '../package/entries.js';

const REPORTS = path.resolve('spec/api');
const CORE = 'rxpool';

const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  lib: ['es2022', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  declaration: true,
  emitDeclarationOnly: true,
  stripInternal: true,
};

const declarationsOf = ({ source }: Entry): string => source.replace('src/', '').replace(/\.ts$/, '.d.ts');

/** Declarations of what the entry points reach, as in the package; returns the names that the core exports. */
function emitDeclarations(outDir: string): ReadonlySet<string> {
  // Entries with a peer import the core by its name, which is the source here.
  const own = { outDir, rootDir: 'src', paths: { rxpool: ['./src/index.ts'] } };
  const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, ...own }, process.cwd());
  const sources = entries.map(({ source }) => source);
  const program = ts.createProgram(sources, options);
  program.emit();
  const checker = program.getTypeChecker();
  const core = program.getSourceFile(sources[entries.findIndex(({ specifier }) => specifier === CORE)] as string);
  const module = core && checker.getSymbolAtLocation(core);
  if (!module) throw new Error(`there is no entry point ${CORE}`);
  return new Set(checker.getExportsOfModule(module).map(({ name }) => name));
}

/** Has all modules import from the core by name, so that reports of other entry points do not repeat the core's. */
function importCoreByName(folder: string, names: ReadonlySet<string>): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts') || file.startsWith('node_modules')) continue;
    const text = readFileSync(path.join(folder, file), 'utf8');
    const renamed = text.replace(/^(import .*\{(.*)\} from )'\..*';$/gm, (line, start: string, list: string) =>
      list.split(',').every((name) => names.has(name.replace(/^\s*type /, '').trim())) ? `${start}'${CORE}';` : line,
    );
    writeFileSync(path.join(folder, file), renamed);
  }
}

function installPackages(folder: string): void {
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, CORE), { recursive: true });
  writeFileSync(path.join(modules, CORE, 'index.d.ts'), `export * from '../../index.js';\n`);
  const peers = entries.flatMap((entry) => entry.peers);
  for (const name of new Set(['rxjs', '@types', 'undici-types', ...peers])) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.resolve('node_modules', name), path.join(modules, name), 'junction');
  }
}

function report(entry: Entry, folder: string, write: boolean): boolean {
  const reportFileName = `${entry.specifier.replaceAll('/', '-')}.api.md`;
  const declarations = path.join(folder, declarationsOf(entry));
  const configuration = ExtractorConfig.prepare({
    packageJsonFullPath: path.resolve('package.json'),
    configObjectFullPath: path.join(folder, 'api-extractor.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files: [declarations] } },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName,
        reportFolder: REPORTS,
        reportTempFolder: path.join(folder, 'reports'),
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const { apiReportChanged, succeeded } = Extractor.invoke(configuration, {
    localBuild: write,
    printApiReportDiff: true,
    messageCallback: (message) => {
      const isMeant = write && message.messageId.startsWith('console-api-report');
      message.handled = isMeant || message.logLevel === 'info' || message.logLevel === 'verbose';
    },
  });
  if (write && apiReportChanged) console.log(`written: spec/api/${reportFileName}`);
  return write || (succeeded && !apiReportChanged);
}

/** Writes or checks the reports of all entry points. Returns whether they are as they should be. */
export function reportAll(write: boolean): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'rxpool-api-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const names = emitDeclarations(folder);
  installPackages(folder);
  const [core, others] = [(entry: Entry) => entry.specifier === CORE, (entry: Entry) => entry.specifier !== CORE];
  const same = entries.filter(core).map((entry) => report(entry, folder, write));
  importCoreByName(folder, names);
  same.push(...entries.filter(others).map((entry) => report(entry, folder, write)));
  return same.every(Boolean);
}
