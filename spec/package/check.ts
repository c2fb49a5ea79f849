// Packs the package and uses it as others will. One line for each check; exits with 1 if one fails.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { build } from 'esbuild';
import { makeConsumer, type Packed, pack, run, runTool } from './consumer.js';
import { type Entry, entries } from './entries.js';

type Check = (packed: Packed) => Promise<unknown> | unknown;

const portable = entries.filter((entry) => entry.portable);

/** What an entry exports at run time; the package can be required by its own name here, and is then what was built. */
const namesOf = (entry: Entry): readonly string[] =>
  Object.keys(createRequire(path.resolve('package.json'))(entry.specifier) as object).sort();

/** A module that imports every name of an entry. */
const importing = (entry: Entry): string => {
  const names = namesOf(entry).join(', ');
  return `import { ${names} } from '${entry.specifier}';\nexport const names: unknown[] = [${names}];\n`;
};

function onlyWhatIsMeantToShip({ files }: Packed): void {
  const stray = files.filter((file) => !/^(dist|src)\/|^(package\.json|LICENSE|README\.md|CHANGELOG\.md)$/.test(file));
  assert.deepEqual(stray, [], 'the tarball has files that nobody needs');
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
    assert(files.includes(file), `the tarball has no ${file}`);
  }
}

function sourceMapsLeadToSources({ folder, files }: Packed): void {
  for (const file of files.filter((name) => name.endsWith('.map'))) {
    const { sources } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { sources: string[] };
    for (const source of sources) {
      assert(
        existsSync(path.join(folder, path.dirname(file), source)),
        `${file} names ${source}, which is not shipped`,
      );
    }
  }
}

async function nodeSeesOneInstance(packed: Packed): Promise<void> {
  for (const [index, entry] of entries.entries()) {
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

async function jestWithoutConfiguration(packed: Packed): Promise<void> {
  const tests = entries.map(
    ({ specifier }) => `test('${specifier}', () => expect(Object.keys(require('${specifier}'))).not.toEqual([]));`,
  );
  const folder = makeConsumer(packed, 'jest', { 'consumer.test.js': tests.join('\n') });
  await runTool('jest/bin/jest.js', ['--rootDir', folder], folder);
}

interface TypeScriptConsumer {
  readonly entries: readonly Entry[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly extensions?: readonly string[];
  readonly extra?: Readonly<Record<string, string>>;
}

/** A strict TypeScript project; `skipLibCheck` stays off, so that our declarations themselves are checked. */
function typescript(name: string, consumer: TypeScriptConsumer): Check {
  return async (packed) => {
    const { entries, options, extensions = ['.ts'], extra } = consumer;
    const files: Record<string, string | object> = {
      ...extra,
      'tsconfig.json': {
        compilerOptions: { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, types: [], ...options },
      },
    };
    for (const [index, entry] of entries.entries()) {
      for (const extension of extensions) files[`entry${index}${extension}`] = importing(entry);
    }
    const links = options['types'] ? ['@types/node', 'undici-types'] : [];
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

/** What one imports for its name alone must not stay in a bundle. */
async function treeShaking(packed: Packed): Promise<void> {
  const bundle = entries.map(({ specifier }) => `import '${specifier}';`).join('\n');
  const { outputFiles } = await build({
    absWorkingDir: makeConsumer(packed, 'tree-shaking', { 'main.js': bundle }),
    entryPoints: ['main.js'],
    bundle: true,
    platform: 'neutral',
    external: ['node:*'],
    write: false,
    logLevel: 'silent',
  });
  assert.doesNotMatch(outputFiles[0]?.text ?? '', /node_modules|node:/, 'importing without using adds to a bundle');
}

const checks: Readonly<Record<string, Check>> = {
  'the tarball holds what it should, and no more': onlyWhatIsMeantToShip,
  'source maps lead to shipped sources': sourceMapsLeadToSources,
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
  'jest as it comes, CommonJS': jestWithoutConfiguration,
  'TypeScript, moduleResolution node10': typescript('ts-node10', {
    entries,
    options: { ...withNodeTypes, module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  }),
  'TypeScript, moduleResolution node16, from CommonJS and from ES modules': typescript('ts-node16', {
    entries,
    options: { ...withNodeTypes, module: 'node16', moduleResolution: 'node16' },
    extensions: ['.cts', '.mts'],
  }),
  'TypeScript, moduleResolution bundler': typescript('ts-bundler', {
    entries,
    options: { ...withNodeTypes, module: 'esnext', moduleResolution: 'bundler' },
  }),
  'TypeScript, every strict option': typescript('ts-strict', {
    entries,
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
  'sources of portable entries use nothing of Node': sourcesWithoutNodeTypes,
  'browser bundle, ES modules without anything of Node': browserBundle,
  'what is not used leaves a bundle': treeShaking,
};

async function main(): Promise<void> {
  await run(process.execPath, ['spec/package/run.mjs', 'spec/package/build.ts']);
  const packed = await pack();
  const only = process.argv[2] ?? '';
  const queue = Object.entries(checks).filter(([name]) => name.includes(only));
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
  if (failures > 0) {
    console.log(`${failures} package check(s) failed`);
    process.exitCode = 1;
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
