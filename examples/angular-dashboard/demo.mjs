// Starts the application of examples/nestjs-app, which serves the page that has been built here.
import { execSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

execSync('npm run --silent build', { cwd: fileURLToPath(new URL('../nestjs-app', import.meta.url)), stdio: 'inherit' });
process.env.PAGE = fileURLToPath(new URL('dist', import.meta.url));
process.argv.push('--demo');
await import('../nestjs-app/dist/main.js');
