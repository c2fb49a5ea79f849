// Packs the package and uses it as others will, where publint and attw only read it. One line for each check; exits with 1 if one fails.
import assert from 'node:assert/strict';
import { execFile as execFileByCallback } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { build } from 'esbuild';
import { snippetsOf } from '../docs/documents.js';
import { brokenLinks } from '../docs/links.js';
import { runCommand, unknownText } from './command.js';
import { makeConsumer, type Packed, pack, run, runTool } from './consumer.js';
import { type Entry, entries } from './entries.js';

const execFile = promisify(execFileByCallback);

type Check = (packed: Packed) => Promise<unknown> | unknown;

/** Those that need rxjs alone: they must work where no other peer is installed. */
const alone = entries.filter((entry) => entry.peers.length === 0);
const portable = alone.filter((entry) => entry.portable);
/** Those with a peer, and the peers: installed for them alone. */
const peered = entries.filter((entry) => entry.peers.length > 0);
const peers = [...new Set(peered.flatMap((entry) => entry.peers))];

/** What an entry exports at run time; the package can be required by its own name here, and is then what was built. */
const exportsOf = (entry: Entry): Readonly<Record<string, unknown>> =>
  createRequire(path.resolve('package.json'))(entry.specifier);

const namesOf = (entry: Entry): readonly string[] => Object.keys(exportsOf(entry)).sort();

/** A module that imports every name of an entry. */
const importing = (entry: Entry): string => {
  const names = namesOf(entry).join(', ');
  return `import { ${names} } from '${entry.specifier}';\nexport const names: unknown[] = [${names}];\n`;
};

function onlyWhatIsMeantToShip({ files }: Packed): void {
  const meant = /^(dist\/.*\.(js|mjs|d\.m?ts)|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/;
  assert.deepEqual(
    files.filter((file) => !meant.test(file)),
    [],
    'the tarball has files that no user needs',
  );
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
    assert(files.includes(file), `the tarball has no ${file}`);
  }
}

/** npm shows README and CHANGELOG without the rest of the repository. */
function linksLeadSomewhere({ folder }: Packed): void {
  for (const file of ['README.md', 'CHANGELOG.md']) assert.deepEqual(brokenLinks(path.join(folder, file)), [], file);
}

/** The first heading of the changelog is the version that is released next, or that was released last. */
function changelogHasTheVersion({ folder }: Packed): void {
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
  const [, latest] = /^## (.*)$/m.exec(readFileSync(path.join(folder, 'CHANGELOG.md'), 'utf8')) ?? [];
  assert.equal(latest, version);
}

/** npm warns of what it has to correct in package.json. A dry run needs no login, and says that there is none. */
async function publishesWithoutWarning({ folder }: Packed): Promise<void> {
  const { stderr } = await execFile('npm', ['publish', '--dry-run', '--ignore-scripts', folder]);
  const warnings = stderr.split('\n').filter((line) => /^npm (warn|error)/i.test(line));
  assert.deepEqual(
    warnings.filter((line) => !line.includes('requires you to be logged in')),
    [],
  );
}

/** Otherwise `instanceof` would depend on the entry point that a class was taken from. */
function entriesShareCode({ folder, files }: Packed): void {
  const homes = new Map<string, string>();
  for (const file of files.filter((name) => /^dist\/.*\.js$/.test(name))) {
    const code = readFileSync(path.join(folder, file), 'utf8');
    for (const [declaration] of code.matchAll(/^(class|(async )?function) .*$[\s\S]*?^\}/gm)) {
      assert.equal(homes.get(declaration), undefined, `${declaration.split('\n')[0]} of ${file} is elsewhere as well`);
      homes.set(declaration, file);
    }
  }
  assert(homes.size > 0, 'no declarations were found');
}

/** Errors are called what their class is called. In a bundle, a class that mentions itself by name may lose it. */
function exportsKeepTheirNames(): void {
  for (const entry of entries) {
    for (const [name, value] of Object.entries(exportsOf(entry))) {
      if (typeof value === 'function') assert.equal(value.name, name, `${entry.specifier} exports it as ${name}`);
    }
  }
}

async function nodeSeesOneInstance(packed: Packed): Promise<void> {
  for (const [index, entry] of alone.entries()) {
    const names = namesOf(entry);
    const folder = makeConsumer(packed, `node-${index}`, {
      'cjs.cjs': `exports.required = require('${entry.specifier}');`,
      'esm.mjs': [
        `import assert from 'node:assert/strict';`,
        `import { ${names.map((name) => `${name} as _${name}`).join(', ')} } from '${entry.specifier}';`,
        `import { required } from './cjs.cjs';`,
        ...names.map((name) => `assert.equal(_${name}, required.${name}, 'import and require differ: ${name}');`),
      ].join('\n'),
    });
    await run(process.execPath, ['cjs.cjs'], folder);
    await run(process.execPath, ['esm.mjs'], folder);
  }
}

/** Entries with a peer: either format loads, both get the one core, and what they export has the same names. */
async function peersSeeOneCore(packed: Packed): Promise<void> {
  for (const [index, { specifier, peers }] of peered.entries()) {
    const files = {
      'cjs.cjs': `exports.required = require('${specifier}'); exports.core = require('rxpool');`,
      'esm.mjs': [
        `import assert from 'node:assert/strict';`,
        `import * as imported from '${specifier}';`,
        `import { ConnectionPool } from 'rxpool';`,
        `import { core, required } from './cjs.cjs';`,
        `assert.equal(core.ConnectionPool, ConnectionPool);`,
        `const names = (entry) => Object.keys(entry).filter((name) => !/default|module.exports/.test(name)).sort();`,
        `assert.deepEqual(names(imported), names(required));`,
        `assert.notDeepEqual(names(imported), []);`,
      ].join('\n'),
    };
    const folder = makeConsumer(packed, `peers-${index}`, files, peers);
    await run(process.execPath, ['cjs.cjs'], folder);
    await run(process.execPath, ['esm.mjs'], folder);
  }
}

/** Otherwise an entry would bring a second core, whose pools and errors are instances of other classes. */
function entriesImportTheCore({ folder }: Packed): void {
  for (const { specifier } of peered) {
    const name = specifier.replace('rxpool/', '');
    for (const file of [`dist/${name}.js`, `dist/esm/${name}.mjs`]) {
      assert.doesNotMatch(readFileSync(path.join(folder, file), 'utf8'), /class ConnectionPool\b/, file);
    }
  }
}

async function jestWithoutConfiguration(packed: Packed): Promise<void> {
  const tests = alone.map(
    ({ specifier }) => `test('${specifier}', () => expect(Object.keys(require('${specifier}'))).not.toEqual([]));`,
  );
  const folder = makeConsumer(packed, 'jest', { 'consumer.test.js': tests.join('\n') });
  await runTool('jest/bin/jest.js', ['--rootDir', folder], folder);
}

/** The rules of connections as tests of a runner, from the package. The last one shows that a broken rule fails its test. */
const rulesIn = (runner: string): string => `
import { ${runner === 'vitest' ? 'afterAll as after, ' : 'after, '}test } from '${runner}';
import { connectionRules } from 'rxpool/testing';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

// One with the flaws of the real servers leaves sockets open.
const server = await startZcachedServer({ flaws: false });
const proxy = await startFaultProxy({ port: server.port });
after(async () => {
  await proxy.close();
  await server.close();
});
const make = () => new ZcachedConnection({ port: proxy.port });
for (const { rule, check } of connectionRules({ make, server: proxy })) test(rule, check);
const broken = () => Object.assign(make(), { close: async () => {} });
const [closing] = connectionRules({ make: broken, server: proxy }).filter(({ rule }) => rule.includes('close()'));
test('BROKEN ' + closing.rule, closing.check);
`;

/** Both runners tell in the Test Anything Protocol which tests passed. */
const rulesUnder =
  (name: string, file: string, runner: string, args: readonly string[]): Check =>
  async (packed) => {
    const folder = makeConsumer(packed, name, { [file]: rulesIn(runner) }, runner === 'vitest' ? ['vitest'] : []);
    const report = await run(process.execPath, args, folder).catch(({ message }: Error) => message);
    const passed = report.match(/^ok \d+ - .*$/gm) ?? [];
    const failed = report.match(/^not ok \d+ - .*$/gm) ?? [];
    assert(passed.length > 20 && failed.length === 1 && /BROKEN close\(\)/.test(`${failed}`), report);
  };

interface TypeScriptConsumer {
  readonly entries: readonly Entry[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly extensions?: readonly string[];
  readonly extra?: Readonly<Record<string, string>>;
  /** Packages that are installed beside rxjs. */
  readonly installed?: readonly string[];
}

/** A strict TypeScript project; `skipLibCheck` stays off, so that our declarations themselves are checked. */
function typescript(name: string, consumer: TypeScriptConsumer): Check {
  return async (packed) => {
    const { entries, options, extensions = ['.ts'], extra, installed = [] } = consumer;
    const files: Record<string, string | object> = {
      ...extra,
      'tsconfig.json': {
        compilerOptions: { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, types: [], ...options },
      },
    };
    for (const [index, entry] of entries.entries()) {
      for (const extension of extensions) files[`entry${index}${extension}`] = importing(entry);
    }
    const links = [...installed, ...(options['types'] ? ['@types/node', 'undici-types'] : [])];
    await runTool('typescript/bin/tsc', [], makeConsumer(packed, name, files, links));
  };
}

const withNodeTypes = { lib: ['es2022'], types: ['node'] };

/** Node's globals are known wherever `npm run typecheck` looks; here they are not. */
const sourcesWithoutNodeTypes: Check = () =>
  runTool('typescript/bin/tsc', [
    ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'],
    ...['--lib', 'es2022,esnext.disposable,dom'],
    ...portable.map((entry) => entry.source),
  ]);

/** An application in a browser: it has no module of Node's and none of its globals. */
async function browserBundle(packed: Packed): Promise<void> {
  for (const [index, entry] of portable.entries()) {
    const folder = makeConsumer(packed, `browser-${index}`, { 'main.ts': importing(entry) });
    const { metafile, outputFiles } = await build({
      absWorkingDir: folder,
      entryPoints: ['main.ts'],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    const inputs = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/rxpool/'));
    assert(inputs.length > 0, `${entry.specifier} added nothing to the bundle`);
    for (const file of inputs) assert.match(file, /rxpool\/dist\/esm\//, 'not an ES module');
    vm.runInNewContext(outputFiles[0]?.text ?? '', { AbortController, queueMicrotask, setTimeout, clearTimeout });
  }
}

/** A server's bundle: no second copy of the core in CommonJS, and no warning of one. */
async function serverBundle(packed: Packed): Promise<void> {
  const both = alone.map(({ specifier }) => `export * as a from '${specifier}'; require('${specifier}');`);
  for (const [index, content] of both.entries()) {
    const folder = makeConsumer(packed, `server-${index}`, { 'main.js': content });
    const { metafile, warnings } = await build({
      absWorkingDir: folder,
      entryPoints: ['main.js'],
      bundle: true,
      platform: 'node',
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    assert.deepEqual(warnings, []);
    const inputs = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/rxpool/'));
    assert(inputs.length > 0, 'nothing was bundled');
    for (const file of inputs) assert.match(file, /rxpool\/dist\/esm\//, 'not an ES module');
  }
}

/** What one imports for its name alone must not stay in a bundle. */
async function treeShaking(packed: Packed): Promise<void> {
  const folder = makeConsumer(packed, 'tree-shaking', {
    'nothing.js': entries.map(({ specifier }) => `import '${specifier}';`).join('\n'),
    'operator.js': `export { leastLoaded } from 'rxpool';`,
  });
  const bundle = async (file: string): Promise<string> => {
    const { outputFiles } = await build({
      absWorkingDir: folder,
      entryPoints: [file],
      bundle: true,
      platform: 'neutral',
      external: ['rxjs', 'node:*', ...peers],
      write: false,
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  };
  assert.doesNotMatch(await bundle('nothing.js'), /node_modules|node:|@/, 'importing without using adds to a bundle');
  const operator = await bundle('operator.js');
  assert.match(operator, /leastLoaded/);
  assert.doesNotMatch(operator, /\bConnectionPool\b/, 'an operator brings the pool along');
}

/** Those of the README that need no server of another program. */
const programs = snippetsOf('README.md').filter(({ code }) => !code.includes("from 'redis'"));

const nodenext = { ...withNodeTypes, module: 'nodenext', exactOptionalPropertyTypes: true };

/** Each program of the README in an empty project, saved and run as it says. */
function readme(name: string, extension: string, files: Readonly<Record<string, object>>, prepare?: Check): Check {
  return async (packed) => {
    const saved = programs.map(({ code }, index) => [`program${index}${extension}`, code]);
    const folder = makeConsumer(packed, name, { ...Object.fromEntries(saved), ...files }, [
      '@types/node',
      'undici-types',
    ]);
    await prepare?.({ ...packed, folder });
    for (const [index, { output }] of programs.entries()) {
      assert.equal(await run(process.execPath, [`program${index}.mjs`], folder), output);
    }
  };
}

const compile: Check = ({ folder }) => runTool('typescript/bin/tsc', [], folder);

async function bundleWithVite(name: string, folder: string): Promise<void> {
  const config = {
    logLevel: 'error',
    build: { ssr: `${name}.ts`, outDir: 'bundles' },
    ssr: { noExternal: true },
  };
  writeFileSync(path.join(folder, 'vite.config.js'), `export default ${JSON.stringify(config)};`);
  await runTool('vite/bin/vite.js', ['build'], folder);
  renameSync(path.join(folder, 'bundles', `${name}.js`), path.join(folder, `${name}.mjs`));
}

const readManifest = (): string => readFileSync('package.json', 'utf8');
const committed = readManifest();

const checks: Readonly<Record<string, Check>> = {
  'the tarball holds what it should, and no more': onlyWhatIsMeantToShip,
  'links of README and CHANGELOG lead to files and headings that exist': linksLeadSomewhere,
  'package.json and CHANGELOG have one version': changelogHasTheVersion,
  'npm publish --dry-run warns of nothing': publishesWithoutWarning,
  'each class and function is in one CommonJS file': entriesShareCode,
  'what is exported is called so': exportsKeepTheirNames,
  'package.json has the entry points of entries.json': () =>
    assert.equal(readManifest(), committed, '`npm run build` has changed "exports" of package.json: commit it'),
  'publint finds nothing': ({ tarball }) => runTool('publint/src/cli.js', ['run', '--strict', tarball]),
  'attw finds nothing': ({ tarball }) =>
    runTool('@arethetypeswrong/cli/dist/index.js', [
      tarball,
      '--no-emoji',
      '--format',
      'ascii',
      '--no-definitely-typed',
    ]),
  'Node, rxjs alone installed: import by name and require, one instance': nodeSeesOneInstance,
  'Node, peers installed: import and require of their entries, one core': peersSeeOneCore,
  'entries with a peer import the core': entriesImportTheCore,
  'jest as it comes, CommonJS': jestWithoutConfiguration,
  'Vitest, the rules of connections as tests': rulesUnder('vitest', 'rules.test.mjs', 'vitest', [
    path.resolve('node_modules/vitest/vitest.mjs'),
    ...['run', '--reporter=tap-flat'],
  ]),
  'node:test, the rules of connections as tests': rulesUnder('node-test', 'rules.test.mjs', 'node:test', [
    ...['--test', '--test-reporter=tap', 'rules.test.mjs'],
  ]),
  'TypeScript, moduleResolution node10': typescript('ts-node10', {
    entries: alone,
    options: { ...withNodeTypes, module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  }),
  'TypeScript, moduleResolution node16, from CommonJS and from ES modules': typescript('ts-node16', {
    entries: alone,
    options: { ...withNodeTypes, module: 'node16', moduleResolution: 'node16' },
    extensions: ['.cts', '.mts'],
  }),
  'TypeScript, moduleResolution bundler': typescript('ts-bundler', {
    entries: alone,
    options: { ...withNodeTypes, module: 'esnext', moduleResolution: 'bundler' },
  }),
  'TypeScript, every strict option': typescript('ts-strict', {
    entries: alone,
    options: {
      ...withNodeTypes,
      module: 'nodenext',
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      noImplicitOverride: true,
      verbatimModuleSyntax: true,
    },
    extensions: ['.mts'],
  }),
  // Declarations of other packages are not checked: those of Nest need looser options.
  'TypeScript, entries with a peer, from CommonJS and from ES modules': typescript('ts-peers', {
    entries: peered,
    options: { ...withNodeTypes, module: 'node16', moduleResolution: 'node16', skipLibCheck: true },
    extensions: ['.cts', '.mts'],
    installed: peers,
  }),
  'TypeScript, entries with a peer, moduleResolution bundler': typescript('ts-peers-bundler', {
    entries: peered,
    options: { ...withNodeTypes, module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true },
    installed: peers,
  }),
  'TypeScript, lib es2022 and no Node types': typescript('ts-lib-es2022', {
    entries: portable,
    options: { lib: ['es2022'], module: 'nodenext' },
    // rxjs's own declarations ask for this much.
    extra: { 'globals.d.ts': 'declare function setTimeout(handler: () => void, milliseconds?: number): number;' },
  }),
  'TypeScript, lib es2022 and dom': typescript('ts-lib-dom', {
    entries: portable,
    options: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] },
  }),
  'README in an empty project of TypeScript, strict, nodenext': readme(
    'readme-typescript',
    '.mts',
    { 'tsconfig.json': { compilerOptions: { target: 'es2022', strict: true, skipLibCheck: false, ...nodenext } } },
    compile,
  ),
  'README in an empty project with Vite, strict, moduleResolution bundler': readme(
    'readme-vite',
    '.ts',
    {
      'package.json': { private: true, type: 'module' },
      'tsconfig.json': {
        compilerOptions: {
          ...{ target: 'es2022', strict: true, noEmit: true, ...withNodeTypes },
          ...{ module: 'esnext', moduleResolution: 'bundler' },
        },
      },
    },
    async (packed) => {
      await compile(packed);
      for (const index of programs.keys()) await bundleWithVite(`program${index}`, packed.folder);
    },
  ),
  'README in an empty project of JavaScript, CommonJS': readme('readme-javascript', '.mjs', {
    'package.json': { private: true, type: 'commonjs' },
  }),
  'sources of portable entries use nothing of Node': sourcesWithoutNodeTypes,
  'browser bundle, ES modules without anything of Node': browserBundle,
  'server bundle, ES modules alone, by import and by require': serverBundle,
  'what is not used leaves a bundle': treeShaking,
};

const help = `usage: npm run check:package -- [TEXT]
Builds and packs the package, and uses it as others will: Node, TypeScript, bundlers, jest.

  TEXT   only the checks that have this in their name (all of them)

${Object.keys(checks)
  .map((name) => `  ${name}\n`)
  .join('')}
Exit status: 0 when all checks pass, 1 when one fails, 2 for wrong arguments.
`;

runCommand({ name: 'check:package', help, most: 1 }, async ({ words: [only = ''] }) => {
  const queue = Object.entries(checks).filter(([name]) => name.includes(only));
  if (queue.length === 0) throw unknownText(only, Object.keys(checks));
  await run('npm', ['run', '--silent', 'build']);
  const packed = await pack();
  let failures = 0;
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [name, check] = next;
      try {
        await check(packed);
        console.log(`ok    ${name}`);
      } catch (error) {
        failures++;
        console.log(`FAIL  ${name}\n${(error as Error).message.replace(/^/gm, '      ')}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  if (failures > 0) console.log(`${failures} package check(s) failed`);
  return failures > 0 ? 1 : 0;
});
