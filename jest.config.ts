/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  // Transpiles only: `npm run typecheck` checks the types. As "commonjs", import() is a require() that jest can do.
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
      },
    ],
    '/(@angular/|angular-)core.*\\.mjs$': ['@swc/jest', { jsc: { target: 'es2022' }, module: { type: 'commonjs' } }],
  },
  // Angular has ES modules alone.
  transformIgnorePatterns: ['/node_modules/(?!(@angular/|angular-)core)'],
  moduleNameMapper: {
    // The bundle of rxjs: each spec file loads all modules anew, and one file takes a tenth of the time of two hundred.
    '^rxjs$': '<rootDir>/node_modules/rxjs/dist/bundles/rxjs.umd.js',
    '^rxjs/(testing|operators)$': '<rootDir>/spec/support/rxjs-$1.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^rxpool$': '<rootDir>/src/index.ts',
    '^rxpool/(.+)$': '<rootDir>/src/$1/index.ts',
  },
  // Those need servers that `npm run test:long` starts, where they are installed, or packages that `npm run test:e2e` installs.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/spec/(servers|e2e)/'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/examples/(angular-dashboard|nestjs-app)/',
    '<rootDir>/spec/e2e/angular-app/',
  ],
  globalTeardown: '<rootDir>/spec/support/left-out.ts',
  // For property tests on a busy machine.
  testTimeout: 20_000,
  // The default is one worker fewer than there are cores: one worker on a machine with two.
  maxWorkers: '100%',
};

export default config;
