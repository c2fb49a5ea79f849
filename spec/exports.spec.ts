import * as core from 'rxpool';
import * as testing from 'rxpool/testing';
import * as testingOnNode from 'rxpool/testing/node';
import * as zcached from 'rxpool/zcached';

/** An export is a promise: a name that comes or goes is a decision, and shows here. */
describe('what is exported', () => {
  it('by rxpool', () => {
    expect(Object.keys(core).sort()).toEqual([
      'BaseConnection',
      'CloseTimeoutError',
      'ConnectTimeoutError',
      'ConnectionClosedError',
      'ConnectionFactoryError',
      'ConnectionPool',
      'ConnectionStreamError',
      'PoolClosedError',
      'PoolDisposedError',
      'PoolEmptyError',
      'PoolError',
      'PoolExhaustedError',
      'PoolNotConnectedError',
      'ReadyTimeoutError',
      'UseTimeoutError',
      'cleanupBroken',
      'exponentialBackoff',
      'leastLoaded',
      'reconnectBroken',
    ]);
  });

  it('by rxpool/zcached', () => {
    expect(Object.keys(zcached).sort()).toEqual([
      'ConnectionLostError',
      'NotConnectedError',
      'RequestAbortedError',
      'RequestError',
      'RequestQueueFullError',
      'RequestTimeoutError',
      'ZcachedArgumentError',
      'ZcachedClient',
      'ZcachedConnectError',
      'ZcachedConnection',
      'ZcachedDisconnectedError',
      'ZcachedProtocolError',
      'ZcachedReplyError',
      'ZcachedRequestTooLargeError',
      'ZcachedServerError',
    ]);
  });

  it('by rxpool/testing and rxpool/testing/node', () => {
    expect(Object.keys(testing)).toEqual(['ScriptedConnection']);
    expect(Object.keys(testingOnNode)).toEqual(['startZcachedServer']);
  });

  it('are errors with a code of their own', () => {
    const classes = [...Object.values(core), ...Object.values(zcached)].filter((it) => it.prototype instanceof Error);
    const codes = classes.map((type) => {
      const made = new (type as new (message: string, ...rest: unknown[]) => { readonly code?: string })('x', {}, 'x');
      return made.code;
    });
    const concrete = codes.filter((code) => code !== undefined);
    expect(concrete.length).toBe(classes.length - 2);
    expect(new Set(concrete).size).toBe(concrete.length);
    for (const code of concrete) expect(code).toMatch(/^ERR_[A-Z_]+$/);
  });
});
