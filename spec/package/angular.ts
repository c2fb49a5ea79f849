// Compiles components that use rxpool/angular ahead of time, with the oldest and the latest Angular that are supported, from
// the packed package. Those of the version between are built and opened in a browser by `npm run test:e2e`.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './command.js';
import { type Packed, pack, run } from './consumer.js';

/** The versions of Angular, and that of Node on which each compiles: the latest does not run on the oldest Node. */
const VERSIONS: Readonly<Record<string, string | undefined>> = { 20: undefined, 22: 'node@24.21.0' };

const SOURCES = ['echo-connection.ts', 'settings.ts', 'view.ts', 'zone.ts'];

/** Declarations of packages are checked as well. */
const tsconfig = {
  compilerOptions: {
    ...{ target: 'es2022', module: 'preserve', lib: ['es2022', 'dom'], types: [], importHelpers: true },
    ...{ strict: true, noImplicitOverride: true, exactOptionalPropertyTypes: true, rootDir: 'src', outDir: 'out' },
  },
  angularCompilerOptions: { strictInjectionParameters: true, strictTemplates: true },
  include: ['src'],
};

const help = `usage: npm run test:angular -- [MAJOR...]
Compiles components that use rxpool/angular with other versions of Angular, which npm downloads. Uses dist/.

  MAJOR   ${Object.keys(VERSIONS).join(', ')}; by default all of them

Exit status: 0 when all compile, 1 when one does not, 2 for wrong arguments.
`;

async function compile(major: string, packed: Packed): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), `rxpool-angular-${major}-`));
  try {
    cpSync(`spec/angular/compilers/${major}`, folder, { recursive: true });
    await run('npm', ['ci'], folder);
    cpSync(packed.folder, path.join(folder, 'node_modules/rxpool'), { recursive: true });
    for (const name of SOURCES) cpSync(`spec/e2e/angular-app/src/${name}`, path.join(folder, 'src', name));
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    const compiler = 'node_modules/@angular/compiler-cli/bundles/src/bin/ngc.js';
    const node = VERSIONS[major];
    const [program, ...args] = node === undefined ? [process.execPath] : ['npx', '-y', node];
    await run(program as string, [...args, compiler, '-p', '.'], folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

runCommand({ name: 'test:angular', help, words: Object.keys(VERSIONS) }, async ({ words }) => {
  const packed = await pack();
  let status = 0;
  for (const major of words.length > 0 ? words : Object.keys(VERSIONS)) {
    try {
      await compile(major, packed);
      console.log(`ok    Angular ${major}`);
    } catch (error) {
      console.log(`FAIL  Angular ${major}\n${(error as Error).message.replace(/^/gm, '      ')}`);
      status = 1;
    }
  }
  return status;
});
