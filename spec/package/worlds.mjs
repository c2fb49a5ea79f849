// Runs the unit tests on the versions of Node that the package supports, the oldest of the others with the oldest rxjs:
//   node spec/package/worlds.mjs [MAJOR...]
// Without arguments it leaves out the version that it runs on, which `npm test` has run them on.
import { spawnSync } from 'node:child_process';

const VERSIONS = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' };

const [running] = process.versions.node.split('.');
const asked = process.argv.slice(2);
const unknown = asked.filter((major) => !(major in VERSIONS));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known versions of Node: ${Object.keys(VERSIONS).join(', ')}`);
  process.exit(2);
}
const worlds = asked.length > 0 ? asked : Object.keys(VERSIONS).filter((major) => major !== running);
const failed = worlds.filter((major, index) => {
  const rxjs = index === 0 ? 'rxjs-7.8.0' : 'rxjs';
  console.log(`Node ${VERSIONS[major]}, ${rxjs}`);
  const jest = ['node_modules/jest/bin/jest.js', '--config', 'jest.worlds.config.ts'];
  const env = { ...process.env, RXPOOL_RXJS: rxjs };
  return spawnSync('npx', ['-y', `node@${VERSIONS[major]}`, ...jest], { env, stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) console.error(`FAILED on Node ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
