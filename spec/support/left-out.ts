import type { Config } from 'jest';
// Jest loads this file without its moduleNameMapper: the import has no extension.
import { SCALES } from './scales';

type Globals = Pick<Required<Config>, 'globals'>;
interface Run {
  readonly testPathPatterns: { readonly patterns: readonly string[] };
}

/** Prints at the end of a run of all specs what it has left out. A reporter could not be in TypeScript. */
export default function printLeftOut({ testPathPatterns }: Run, { globals }: Globals): void {
  if (testPathPatterns.patterns.length > 0) return;
  if (globals['isFullLength']) {
    console.log('\nLeft out: all specs that have one length only (npm test).');
    return;
  }
  console.log('\nLeft out (npm run test:long has the full length):');
  for (const { spec, unit, short, full } of Object.values(SCALES)) {
    console.log(`  ${spec}: ${short.toLocaleString('en')} of ${full.toLocaleString('en')} ${unit}`);
  }
}
