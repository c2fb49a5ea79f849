import { benchBorrowing } from './borrowing.js';
import { benchClients } from './clients.js';
import { benchContention } from './contention.js';
import type { Suite } from './measure.js';
import { benchMembership } from './membership.js';
import { benchMemory } from './memory.js';
import { benchOutage } from './outage.js';
import { benchSelection } from './selection.js';
import { benchServers } from './servers.js';
import { benchSize } from './size.js';
import { benchSubscribers } from './subscribers.js';
import { benchWire } from './wire.js';
import { benchZcached } from './zcached.js';

export const SUITES: Readonly<Record<string, Suite>> = {
  selection: benchSelection,
  borrowing: benchBorrowing,
  contention: benchContention,
  subscribers: benchSubscribers,
  membership: benchMembership,
  memory: benchMemory,
  wire: benchWire,
  clients: benchClients,
  zcached: benchZcached,
  size: benchSize,
  outage: benchOutage,
  servers: benchServers,
};
