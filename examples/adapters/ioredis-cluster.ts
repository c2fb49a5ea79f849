import { Cluster } from 'ioredis';
import { adapt } from 'rxpool';

/**
 * Cluster clients of the package ioredis. Such a client keeps a connection to each node, sends each command to the node
 * that has its key, follows redirections, and dials nodes again by itself. The pool leaves all that to it: it is told of
 * the end of the client, not of the loss of a node.
 *
 * - `clusterRetryStrategy`: without it the client would look for the cluster by itself once it has lost every node.
 * - `enableOfflineQueue`: commands would wait without a limit while it has none.
 */
export const ioredisCluster = (nodes: readonly { readonly host: string; readonly port: number }[]) =>
  adapt({
    create: () =>
      new Cluster([...nodes], { lazyConnect: true, enableOfflineQueue: false, clusterRetryStrategy: () => null }),
    name: 'ioredis-cluster',
    connect: (client) => client.connect(),
    watch: (client, { lost }) => {
      let cause: unknown;
      client.on('error', (error) => {
        cause = error;
      });
      client.on('end', () => lost(cause));
    },
    close: (client) => client.disconnect(),
    alive: (client) => client.status === 'ready',
  });
