import * as fc from 'fast-check';
import { scaled } from '../support/scales.js';
import { expectNothingLeft } from './agreement.js';
import { count } from './command.js';
import { LENDING_COMMANDS } from './lending-commands.js';
import { LendingModel } from './lending-model.js';
import { MEMBERSHIP_COMMANDS, scripts } from './membership-commands.js';
import { RealPool } from './real-pool.js';
import { lendings, SERVICE_COMMANDS } from './service-commands.js';

const RUNS = scaled('modelRuns');
const COMMANDS = [...MEMBERSHIP_COMMANDS, ...LENDING_COMMANDS, ...SERVICE_COMMANDS];

describe('A pool and its model', () => {
  it(`pool property: behaves like a naive model, in ${RUNS} runs of up to 100 random commands`, async () => {
    await fc.assert(
      fc.asyncProperty(
        lendings,
        scripts,
        fc.commands(COMMANDS, { maxCommands: 100, size: 'max' }),
        async (lending, first, commands) => {
          const model = new LendingModel(lending, first);
          const real = new RealPool(lending, first);
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await expectNothingLeft(model, real);
        },
      ),
      { numRuns: RUNS, timeout: 60_000 },
    );
    expect(count.given).toBeGreaterThan(30 * RUNS);
  }, 600_000);
});
