import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { adapt } from 'rxpool';

/**
 * Connections of the package @nats-io/transport-node, which gives them connected: `open` instead of `create`. Options of
 * its own that fight with a pool:
 *
 * - `reconnect`: the client would reconnect by itself, and look connected to the pool during an outage.
 * - `servers`: a list is tried in turn by the client, so that the pool does not know where a connection leads. Give one.
 * - `timeout` of a dial: shorter than `connectTimeout`, because the client heeds no signal.
 *
 * Subscriptions belong to one connection and end with it: keep them out of the pool.
 */
export const nats = (server: string, login: Pick<NodeConnectionOptions, 'user' | 'pass'> = {}) =>
  adapt({
    open: () => connect({ ...login, servers: server, reconnect: false, timeout: 4_000 }),
    name: 'nats',
    endpoint: server,
    watch: async (client, { lost, draining }) => {
      void client.closed().then(lost);
      for await (const { type } of client.status()) if (type === 'ldm') draining();
    },
    close: (client) => client.close(),
    alive: (client) => !client.isClosed(),
    ping: (client) => client.flush(),
  });
