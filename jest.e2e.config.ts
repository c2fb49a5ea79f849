/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';
import { findChromium } from './spec/e2e/chromium';

const { globalTeardown: _, ...common } = config;

const BROWSER_SPECS = 'spec/e2e/.*-browser[.]spec[.]ts$';
const isThere = findChromium() !== undefined;
if (!isThere) console.log(`Left out: ${BROWSER_SPECS}, because chromium is not installed.`);

/** Applications that have the package installed, from its tarball, as processes of their own. */
const e2e: Config = {
  ...common,
  testPathIgnorePatterns: ['/node_modules/', ...(isThere ? [] : [BROWSER_SPECS])],
  testMatch: ['<rootDir>/spec/e2e/**/*.spec.ts'],
  // One after another: an application that shares the processor with a browser does not answer in time.
  maxWorkers: 1,
  globalSetup: '<rootDir>/spec/e2e/prepare.ts',
};

export default e2e;
