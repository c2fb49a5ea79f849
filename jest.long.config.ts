/** @jest-config-loader esbuild-register */
import { existsSync } from 'node:fs';
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';
import { SCALES } from './spec/support/scales';

const specs = Object.values(SCALES).map(({ spec }) => `spec/${spec}.spec.ts`);
for (const spec of specs)
  if (!existsSync(spec)) throw new Error(`spec/support/scales.ts names ${spec}, which is not there`);

/** The specs that `npm test` runs in a short form, at full length. */
const long: Config = {
  ...config,
  testMatch: specs.map((spec) => `<rootDir>/${spec}`),
  globals: { isFullLength: true },
};

export default long;
