/** @jest-config-loader esbuild-register */
import { existsSync } from 'node:fs';
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';
import { serverSpecs } from './spec/servers/programs';
import { SCALES } from './spec/support/scales';

const scaled = Object.values(SCALES).map(({ spec }) => spec);
const startable = serverSpecs().filter(({ missing }) => missing.length === 0);
const specs = [...scaled, ...startable.map(({ spec }) => spec)].map((spec) => `spec/${spec}.spec.ts`);
for (const spec of specs) if (!existsSync(spec)) throw new Error(`${spec} is to run, and is not there`);

/** The specs that `npm test` runs in a short form, at full length, and those of real servers that are installed. */
const long: Config = {
  ...config,
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: specs.map((spec) => `<rootDir>/${spec}`),
  globals: { isFullLength: true },
};

export default long;
