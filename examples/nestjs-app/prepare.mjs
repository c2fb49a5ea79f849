// Installs what is missing, so that one command starts the application: here, and in the repository, where rxpool is built.
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const run = (command, cwd) => execSync(command, { cwd, stdio: 'inherit', env: { ...process.env, INIT_CWD: cwd } });

if (!existsSync('node_modules/.package-lock.json')) {
  const repository = new URL('../..', import.meta.url).pathname;
  if (!existsSync(`${repository}/dist`)) {
    if (!existsSync(`${repository}/node_modules/.package-lock.json`)) run('npm ci --no-audit', repository);
    run('npm run --silent build', repository);
  }
  run('npm ci', import.meta.dirname);
}
