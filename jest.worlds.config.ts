/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// Jest loads configurations without a moduleNameMapper: imports have no extension.
import config from './jest.config';

/** The package that rxjs is taken from: `rxjs-7.8.0` is the oldest one that is supported. */
const rxjs = process.env.RXPOOL_RXJS ?? 'rxjs';

/** The package that Angular is taken from: the oldest and the latest that are supported have packages of their own. */
const angular = process.env.RXPOOL_ANGULAR ?? '@angular/core';

/** The unit tests, for other versions of Node, rxjs and Angular: all specs but those of programs, documents and files. */
const worlds: Config = {
  ...config,
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/spec/(docs|e2e|examples|package|servers)/'],
  moduleNameMapper: {
    ...config.moduleNameMapper,
    '^rxjs$': `<rootDir>/node_modules/${rxjs}/dist/bundles/rxjs.umd.js`,
    '^@angular/core$': `<rootDir>/node_modules/${angular}/fesm2022/core.mjs`,
  },
};

export default worlds;
