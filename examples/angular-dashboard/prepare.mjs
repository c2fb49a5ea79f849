// Installs what is missing, so that one command starts the page and the application that it is served by.
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const run = (command, cwd) => execSync(command, { cwd, stdio: 'inherit', env: { ...process.env, INIT_CWD: cwd } });
const here = import.meta.dirname;
const application = new URL('../nestjs-app', import.meta.url).pathname;

// It installs and builds the repository as well, where that is missing.
if (!existsSync(`${application}/node_modules/.package-lock.json`)) run('node prepare.mjs', application);
if (!existsSync(`${here}/node_modules/.package-lock.json`)) run('npm ci', here);
