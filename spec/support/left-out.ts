import type { Config } from 'jest';
// Jest loads this file without its moduleNameMapper: imports have no extension.
import { serverSpecs } from '../servers/programs';
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
    for (const { spec, missing } of serverSpecs()) {
      if (missing.length > 0) console.log(`Left out: ${spec}, because ${missing.join(' and ')} is not installed.`);
    }
    return;
  }
  console.log('\nLeft out (npm run test:long has the full length):');
  for (const { spec, unit, short, full } of Object.values(SCALES)) {
    console.log(`  ${spec}: ${short.toLocaleString('en')} of ${full.toLocaleString('en')} ${unit}`);
  }
  for (const { spec } of serverSpecs()) console.log(`  ${spec}: all of it, which needs a real server`);
}
