import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { track } from './cleanup.js';

/** Where a Unix socket may be made; the folder goes after the test. */
export async function socketPath(name = 'zcached.sock'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rxpool-'));
  track({ close: () => rm(folder, { recursive: true, force: true }) });
  return join(folder, name);
}
