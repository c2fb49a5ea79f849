import { benchBundle } from './bundle.js';
import { benchMembership } from './membership.js';
import { benchMemory } from './memory.js';
import { benchSelection } from './selection.js';

const SUITES = { memory: benchMemory, membership: benchMembership, selection: benchSelection, bundle: benchBundle };

/** Runs the suites named on the command line, or all; says which goals were missed by its exit status. */
async function main(names: readonly string[]): Promise<void> {
  for (const [name, bench] of Object.entries(SUITES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    if (!(await bench())) process.exitCode = 1;
  }
}

void main(process.argv.slice(2));
