// npm runs this after installing in a clone, where nothing needs dist/, and for a dependency that is taken from git,
// where dist/ is what is needed. npm has no setting for the one without the other, but says in which folder it was called.
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (process.env.INIT_CWD !== process.cwd() && !existsSync('dist')) execSync('npm run build', { stdio: 'inherit' });
