import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { track } from './cleanup.js';

/** A path for a Unix socket, in a new folder that is removed after the test. */
export async function socketPath(name = 'zcached.sock'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rxpool-'));
  track({ close: () => rm(folder, { recursive: true, force: true }) });
  return join(folder, name);
}
