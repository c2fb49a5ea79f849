import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
// Jest loads this without a moduleNameMapper: imports have no extension.
import { makeConsumer, type Packed, pack, run } from '../package/consumer';
import { findChromium } from './chromium';
import { FOLDERS } from './folders';

const ANGULAR_APP = path.resolve('spec/e2e/angular-app');
const APP = path.resolve('examples/nestjs-app');
const DASHBOARD = path.resolve('examples/angular-dashboard');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The application with Nest 12, as its lockfile says: `npm ci` packs the repository. */
async function installWithNest12(): Promise<string> {
  await run('npm', ['ci'], APP);
  await run(process.execPath, ['node_modules/typescript/bin/tsc'], APP);
  return APP;
}

/** The same sources as CommonJS, with Nest 11 of the repository and the packed tarball. */
async function installWithNest11(packed: Packed): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(path.join(APP, 'package.json'), 'utf8')) as Manifest;
  const links = Object.keys(dependencies).filter((name) => name !== 'rxpool' && name !== 'rxjs');
  const sources = readdirSync(path.join(APP, 'src'));
  const compiled = sources.map((file) => {
    const { code } = transformSync(readFileSync(path.join(APP, 'src', file), 'utf8'), {
      loader: 'ts',
      format: 'cjs',
      target: 'node20',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    });
    return [file.replace(/\.ts$/, '.js'), code] as const;
  });
  const folder = makeConsumer(packed, 'nestjs-app', { ...Object.fromEntries(compiled) }, links);
  return folder;
}

/** The applications of Angular. A warning of the builder, as of a CommonJS module in a bundle, is a failure. */
async function buildAngularApp(packed: Packed): Promise<void> {
  await run('npm', ['ci'], ANGULAR_APP);
  cpSync(packed.folder, path.join(ANGULAR_APP, 'node_modules/rxpool'), { recursive: true });
  const output = await run(process.execPath, ['build.mjs'], ANGULAR_APP);
  if (/warn/i.test(output)) throw new Error(output);
}

/** The page of Angular, for which `npm ci` packs the repository too. A warning of the builder is a failure. */
async function buildDashboard(): Promise<void> {
  if (findChromium() === undefined) return;
  await run('npm', ['ci'], DASHBOARD);
  const output = await run(process.execPath, ['node_modules/@angular/cli/bin/ng.js', 'build'], DASHBOARD);
  if (/warning/i.test(output)) throw new Error(output);
}

export default async function prepare(): Promise<void> {
  const since = performance.now();
  await run('npm', ['run', '--silent', 'build']);
  const built = performance.now();
  process.env[FOLDERS[12]] = path.join(await installWithNest12(), 'dist');
  const packed = await pack();
  process.env[FOLDERS[11]] = await installWithNest11(packed);
  const installed = performance.now();
  await Promise.all([buildAngularApp(packed), buildDashboard()]);
  const seconds = (from: number, to: number): string => ((to - from) / 1_000).toFixed(1);
  console.log(
    `built in ${seconds(since, built)} s, applications of Nest installed in ${seconds(built, installed)} s, ` +
      `of Angular in ${seconds(installed, performance.now())} s`,
  );
}
