/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';

const { globalTeardown: _, ...common } = config;

/** Applications that have the package installed, from its tarball, as processes of their own. */
const e2e: Config = {
  ...common,
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/spec/e2e/**/*.spec.ts'],
  globalSetup: '<rootDir>/spec/e2e/prepare.ts',
};

export default e2e;
