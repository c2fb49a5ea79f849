// Compiles the type tests beside it, and the examples of the documentation, against dist/ as a program that has the
// package installed: with the oldest TypeScript that works, the last 5.x and the latest.
// No runner of type tests does it: tstyche needs TypeScript 5.4, tsd brings a TypeScript of its own, and both know one
// set of compiler options.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand, unknownText } from '../package/command.js';
import { run } from '../package/consumer.js';
import { entries } from '../package/entries.js';
import { writeExamples } from './examples.js';

const COMPILERS = {
  '4.8': '.typescript/4.8/node_modules/typescript',
  '5.9': '.typescript/5.9/node_modules/typescript',
  '6.0': 'node_modules/typescript',
} as const;

type Version = keyof typeof COMPILERS;

interface Project {
  readonly format: 'commonjs' | 'module';
  /** Folders of type tests. */
  readonly tests: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The oldest version that knows the options. */
  readonly since?: Version;
}

/** What neither Node nor a browser is needed for; declarations of rxjs ask for setTimeout alone. */
const bare = { lib: ['es2022'], types: [] };
const node = { lib: ['es2022'], types: ['node'] };
const node10 = { module: 'commonjs', moduleResolution: 'node' };
const node16 = { module: 'node16', moduleResolution: 'node16' };
const bundler = { module: 'esnext', moduleResolution: 'bundler' };
const exact = { exactOptionalPropertyTypes: true };

/** Each setting meets each other one at least once, but for the Node types, which take most of the time. */
const PROJECTS: Readonly<Record<string, Project>> = {
  'portable, node10': { format: 'commonjs', tests: ['portable'], options: { ...bare, ...node10 } },
  'portable, node16 from CommonJS, exact optional properties': {
    format: 'commonjs',
    tests: ['portable'],
    options: { ...bare, ...node16, ...exact },
  },
  'portable, node16 from ES modules': { format: 'module', tests: ['portable'], options: { ...bare, ...node16 } },
  'portable, bundler, exact optional properties': {
    format: 'module',
    tests: ['portable'],
    options: { ...bare, ...bundler, ...exact },
    since: '5.9',
  },
  'for Node, node10': { format: 'commonjs', tests: ['node'], options: { ...node, ...node10 } },
  'for Node, node16 from ES modules, exact optional properties': {
    format: 'module',
    tests: ['node'],
    options: { ...node, ...node16, ...exact },
  },
  'using, bundler': {
    format: 'module',
    tests: ['portable', 'using'],
    options: { ...node, ...bundler, lib: ['es2022', 'esnext.disposable'] },
    since: '5.9',
  },
  'examples in TSDoc and the guide': {
    format: 'module',
    tests: ['examples'],
    options: {
      ...{ ...node, ...bundler, ...exact, lib: ['es2022', 'esnext.disposable'] },
      // Of the packages that some examples need, and of Nest's decorators.
      ...{ skipLibCheck: true, experimentalDecorators: true },
    },
    since: '6.0',
  },
};

const SETTIMEOUT = 'declare function setTimeout(handler: () => void, milliseconds?: number): number;\n';

/** A folder where the package, rxjs, expect-type, the types of Node and what examples import are installed, and nothing else. */
function makeWorkplace(): string {
  const workplace = mkdtempSync(path.join(tmpdir(), 'rxpool-types-'));
  process.on('exit', () => rmSync(workplace, { recursive: true, force: true }));
  mkdirSync(path.join(workplace, 'node_modules/@types'), { recursive: true });
  symlinkSync(path.resolve('.'), path.join(workplace, 'node_modules/rxpool'), 'junction');
  const peers = entries.flatMap((entry) => entry.peers);
  for (const name of new Set([
    'rxjs',
    'expect-type',
    'redis',
    '@nestjs/testing',
    '@types/node',
    '@types/ws',
    'undici-types',
    ...peers,
  ])) {
    mkdirSync(path.dirname(path.join(workplace, 'node_modules', name)), { recursive: true });
    symlinkSync(path.resolve('node_modules', name), path.join(workplace, 'node_modules', name), 'junction');
  }
  for (const format of ['commonjs', 'module']) {
    const folder = path.join(workplace, format);
    for (const tests of ['portable', 'node', 'using']) {
      cpSync(path.join('spec/types', tests), path.join(folder, tests), { recursive: true });
    }
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: format }));
    writeFileSync(path.join(folder, 'setTimeout.d.ts'), SETTIMEOUT);
  }
  writeExamples(path.join(workplace, 'module/examples'));
  return workplace;
}

async function compile(workplace: string, project: Project, version: Version, config: string): Promise<void> {
  const { format, tests, options } = project;
  const compilerOptions = {
    ...{ target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options },
    ...(version === '6.0' ? { ignoreDeprecations: '6.0' } : {}),
  };
  const include = [
    ...tests.map((name) => `${format}/${name}`),
    ...(options['types'] === bare.types ? [`${format}/*.d.ts`] : []),
  ];
  writeFileSync(path.join(workplace, config), JSON.stringify({ compilerOptions, include }));
  const tsc = path.resolve(COMPILERS[version], 'bin/tsc');
  await run(process.execPath, [tsc, '-p', config, '--pretty', 'false'], workplace);
}

/** Where a file of the workplace came from. */
const atHome = (output: string): string =>
  output.replace(/^module\/examples\/(.+?)\.\d+\.ts/gm, '$1').replace(/^(commonjs|module)\//gm, 'spec/types/');

const versions = Object.keys(COMPILERS) as Version[];
const compilations = Object.entries(PROJECTS).flatMap(([name, project]) =>
  versions
    .filter((version) => Number(version) >= Number(project.since ?? 0))
    .map((version) => ({ title: `TypeScript ${version}, ${name}`, project, version })),
);

const help = `usage: npm run test:types -- [TEXT]
Builds the package, and compiles type tests and the examples of the documentation against it.

  TEXT   only the compilations that have this in their title (all of them)

${compilations.map(({ title }) => `  ${title}\n`).join('')}
Exit status: 0 when all compile, 1 when one does not, 2 for wrong arguments.
`;

runCommand({ name: 'test:types', help, most: 1 }, async ({ words: [only = ''] }) => {
  const due = compilations.filter(({ title }) => title.includes(only));
  if (due.length === 0)
    throw unknownText(
      only,
      compilations.map(({ title }) => title),
    );
  await run('npm', ['run', '--silent', 'build']);
  const workplace = makeWorkplace();
  const total = due.length;
  let failures = 0;
  const work = async (): Promise<void> => {
    for (let next = due.shift(); next; next = due.shift()) {
      const { title, project, version } = next;
      try {
        await compile(workplace, project, version, `tsconfig.${due.length}.json`);
        console.log(`ok    ${title}`);
      } catch (error) {
        failures++;
        console.log(`FAIL  ${title}\n${atHome((error as Error).message).replace(/^/gm, '      ')}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  console.log(`${total - failures} of ${total} compilations as they should be`);
  return failures > 0 ? 1 : 0;
});
