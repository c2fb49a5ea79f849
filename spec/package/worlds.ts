// Runs the unit tests on the versions of Node that the package supports, the oldest of the others with the oldest rxjs.
// The newest has the latest Angular, which the others cannot run; those have the oldest.
import { spawnSync } from 'node:child_process';
import { runCommand } from './command.js';

const VERSIONS: Readonly<Record<string, string>> = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' };

const help = `usage: npm run test:worlds -- [MAJOR...]
Runs the unit tests on other versions of Node, which npx downloads; on the first of them with the oldest rxjs. Angular is the
latest on the newest version of Node, and the oldest on the others.

  MAJOR   ${Object.keys(VERSIONS).join(', ')}; by default all but the version that it runs on, on which npm test runs them

Exit status: 0 when all tests pass, 1 when one fails, 2 for wrong arguments.
`;

runCommand({ name: 'test:worlds', help, words: Object.keys(VERSIONS) }, ({ words }) => {
  const [running] = process.versions.node.split('.');
  const worlds = words.length > 0 ? words : Object.keys(VERSIONS).filter((major) => major !== running);
  const failed = worlds.filter((major, index) => {
    const rxjs = index === 0 ? 'rxjs-7.8.0' : 'rxjs';
    const angular = major === '24' ? 'angular-core-22' : 'angular-core-20';
    console.log(`Node ${VERSIONS[major]}, ${rxjs}, ${angular}`);
    const jest = ['node_modules/jest/bin/jest.js', '--config', 'jest.worlds.config.ts'];
    const env = { ...process.env, RXPOOL_RXJS: rxjs, RXPOOL_ANGULAR: angular };
    return spawnSync('npx', ['-y', `node@${VERSIONS[major]}`, ...jest], { env, stdio: 'inherit' }).status !== 0;
  });
  if (failed.length > 0) console.error(`FAILED on Node ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
});
