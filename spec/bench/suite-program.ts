import { loadSuites } from './load.js';
import { compete, describe, isMet } from './measure.js';

/** Runs one suite in this process and prints what it found; the exit status. */
async function runSuite(name: string, against: string): Promise<number> {
  const folders = against === '' ? ['.'] : ['.', against];
  const suites = folders.map((folder) => loadSuites(folder)[name]);
  if (!suites[0]) throw new Error(`there is no suite ${name}`);
  const [own = [], other = []] = await compete(suites.flatMap((suite) => suite ?? []));
  let status = 0;
  for (const [index, finding] of own.entries()) {
    const counterpart = other[index];
    if (typeof finding === 'string') {
      console.log(`       ${finding}`);
      if (typeof counterpart === 'string') console.log(`       the other: ${counterpart}`);
      continue;
    }
    console.log(describe(finding, typeof counterpart === 'object' ? counterpart : undefined));
    if (!isMet(finding)) status = 1;
  }
  return status;
}

// It ends with the command that started it.
process.once('disconnect', () => process.exit(2));

const [name = '', against = ''] = process.argv.slice(2);
runSuite(name, against).then(
  (status) => process.exit(status),
  (error) => {
    console.error(error);
    process.exit(2);
  },
);
