/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';

/** The oldest Node is tested with the oldest rxjs, the others with the current one. */
const isOldest = process.versions.node.startsWith('20.');

/** The unit tests, for other versions of Node and rxjs: all specs but those of programs, documents and files. */
const worlds: Config = {
  ...config,
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/spec/architecture.spec.ts',
    '<rootDir>/spec/(docs|e2e|examples|package|servers)/',
  ],
  moduleNameMapper: { ...config.moduleNameMapper, ...(isOldest && { '^rxjs(/.+)?$': 'rxjs-7.8.0$1' }) },
};

export default worlds;
