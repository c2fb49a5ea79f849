// Installs what is missing, so that one command starts the page and the application that it is served by.
import { execSync } from 'node:child_process';
import { isInstalled } from '../nestjs-app/prepare.mjs'; // installs the application, and builds the repository

const here = import.meta.dirname;
const env = { ...process.env, INIT_CWD: here };
if (!isInstalled(here)) execSync('npm ci', { cwd: here, stdio: 'inherit', env });
