// Starts the application of examples/nestjs-app, which serves the page that has been built here.
import { execSync } from 'node:child_process';

const application = new URL('../nestjs-app', import.meta.url).pathname;
const PAGE = new URL('dist', import.meta.url).pathname;

execSync('npm run --silent build', { cwd: application, stdio: 'inherit' });
process.env.PAGE = PAGE;
process.argv.push('--demo');
await import('../nestjs-app/dist/main.js');
