/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';
import { SCALES } from './spec/support/scales';

/** The specs that `npm test` runs in a short form, at full length. */
const long: Config = {
  ...config,
  testMatch: Object.values(SCALES).map(({ spec }) => `<rootDir>/spec/${spec}.spec.ts`),
  globals: { isFullLength: true },
};

export default long;
