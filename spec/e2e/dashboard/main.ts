// Programs around the dashboard that no test runs.
import { integerOf, runCommand, UsageError } from '../../package/command.js';
import { measureEndurance } from './endurance.js';
import { takeScreenshots } from './screenshots.js';

const help = `usage: npm --prefix examples/angular-dashboard run screenshots
       npm --prefix examples/angular-dashboard run endurance [-- MINUTES]
The first takes the pictures in examples/angular-dashboard/screenshots. The second sends traffic through both pools for so
many minutes (10), prints the heap of the page as it goes, and fails if it grows. Both need Chromium.

Exit status: 0; 1 for a heap that grows, and for what fails; 2 for wrong arguments.
`;

runCommand({ name: 'dashboard', help, most: 2 }, async ({ words: [program, minutes] }) => {
  if (program === 'screenshots') await takeScreenshots();
  else if (program === 'endurance') await measureEndurance(integerOf('MINUTES', minutes, 10, 4));
  else throw new UsageError('screenshots or endurance must be named');
  return 0;
});
