import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as ts from 'typescript';

/** What an entry exports: names that exist at run time, and names of types. A name here is a promise. */
interface Promised {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const ENTRIES: Record<string, Promised> = {
  rxpool: {
    values: [
      'BaseConnection',
      'CircuitOpenError',
      'CloseTimeoutError',
      'ConnectTimeoutError',
      'ConnectionClosedError',
      'ConnectionFactoryError',
      'ConnectionInvalidatedError',
      'ConnectionPool',
      'ConnectionStreamError',
      'PoolClosedError',
      'PoolDisposedError',
      'PoolEmptyError',
      'PoolError',
      'PoolExhaustedError',
      'PoolNotConnectedError',
      'PoolSuspendedError',
      'ReadyTimeoutError',
      'RenewalError',
      'ResetError',
      'UseTimeoutError',
      'ValidationError',
      'WaitQueueFullError',
      'WaitTimeoutError',
      'WarmupError',
      'circuitBreaker',
      'cleanupBroken',
      'constantBackoff',
      'decorrelatedJitter',
      'ejectOutliers',
      'exponentialBackoff',
      'growOnDemand',
      'isTerminalCause',
      'leastLoaded',
      'peakEwma',
      'powerOfTwoChoices',
      'reconnectBroken',
      'recycle',
      'refill',
      'roundRobin',
      'shrinkIdle',
      'sticky',
      'validateIdle',
    ],
    types: [
      'AbandonReason',
      'AdditionEvent',
      'AdditionOptions',
      'ArgumentError',
      'Backoff',
      'BorrowOptions',
      'BreakerState',
      'CircuitBreakerOptions',
      'CleanupBrokenOptions',
      'CloseOptions',
      'Connection',
      'ConnectionPoolOptions',
      'ConnectionState',
      'ConstantBackoffOptions',
      'DecorrelatedJitterOptions',
      'DialReport',
      'DrainOptions',
      'EjectOptions',
      'EjectOutliersOptions',
      'Ejection',
      'ExponentialBackoffOptions',
      'GrowOnDemandOptions',
      'Heal',
      'Health',
      'HealthStatus',
      'InvalidateOptions',
      'Lease',
      'LeastLoadedOptions',
      'LeaveReason',
      'Outcome',
      'PeakEwmaOptions',
      'Picker',
      'Policy',
      'PolicyPool',
      'PoolErrorOptions',
      'PoolEvent',
      'PoolFigures',
      'PowerOfTwoChoicesOptions',
      'ReadyOptions',
      'ReconfigurableOptions',
      'Reconfiguration',
      'ReconnectBrokenOptions',
      'ReconnectEvent',
      'RecycleOptions',
      'RenewOptions',
      'Reset',
      'ShrinkIdleOptions',
      'SignalOptions',
      'Snapshot',
      'StickyOptions',
      'Strategy',
      'StreamingWork',
      'UseContext',
      'UseOptions',
      'Validate',
      'ValidateIdleOptions',
      'Validation',
      'ValidationContext',
      'Warmup',
      'Work',
    ],
  },
  'rxpool/testing': {
    values: ['ScriptedConnection'],
    types: ['DialScript', 'ScriptedConnectionOptions'],
  },
  'rxpool/testing/node': {
    values: ['startFaultProxy', 'startZcachedServer'],
    types: [
      'FaultLink',
      'FaultPipe',
      'FaultPipeOptions',
      'FaultProxy',
      'FaultProxyOptions',
      'ZcachedFlaws',
      'ZcachedGeneration',
      'ZcachedServer',
      'ZcachedServerOptions',
    ],
  },
  'rxpool/zcached': {
    values: [
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
      'ZcachedDouble',
      'ZcachedEncodingError',
      'ZcachedOrderedSet',
      'ZcachedProtocolError',
      'ZcachedReplyError',
      'ZcachedRequestTooLargeError',
      'ZcachedServerError',
      'ZcachedUnsupportedError',
      'parseZcachedUrl',
    ],
    types: [
      'Clock',
      'ConnectedZcachedClient',
      'Decoded',
      'Encodable',
      'Sent',
      'ValueEncoding',
      'ZcachedArgument',
      'ZcachedCall',
      'ZcachedCallOptions',
      'ZcachedClientOptions',
      'ZcachedConnectOptions',
      'ZcachedCopyOptions',
      'ZcachedEncoding',
      'ZcachedEncodingName',
      'ZcachedEntriesOptions',
      'ZcachedErrorKind',
      'ZcachedGeneration',
      'ZcachedLimits',
      'ZcachedOptions',
      'ZcachedPem',
      'ZcachedPool',
      'ZcachedRefusal',
      'ZcachedSender',
      'ZcachedTlsOptions',
      'ZcachedUrlOptions',
      'ZcachedValue',
      'ZcachedValueOptions',
    ],
  },
};

const ROOT = resolve(__dirname, '..');

const fileOf = (entry: string): string => resolve(ROOT, 'src', entry.split('/').slice(1).join('/'), 'index.ts');

/** What a program that imports the entry can name. Whether it is there at run time is the compiler's to know. */
function exportsOf(entries: readonly string[]): Map<string, Promised> {
  const program = ts.createProgram(entries.map(fileOf), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const promisedBy = (entry: string): Promised => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(fileOf(entry))!)!;
    const values: string[] = [];
    const types: string[] = [];
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const typeOnly = symbol.declarations?.some(
        (one) => ts.isExportSpecifier(one) && (one.isTypeOnly || one.parent.parent.isTypeOnly),
      );
      (target.flags & ts.SymbolFlags.Value && !typeOnly ? values : types).push(symbol.name);
    }
    return { values: values.sort(), types: types.sort() };
  };
  return new Map(entries.map((entry) => [entry, promisedBy(entry)] as const));
}

describe('What the entries export', () => {
  const names = Object.keys(ENTRIES);
  const exported = exportsOf(names);

  it.each(names)('is exactly what was promised: %s', (entry) => {
    expect(exported.get(entry)).toEqual(ENTRIES[entry]);
  });

  it.each(names)('is there at run time: %s', async (entry) => {
    const module: object = await import(fileOf(entry));
    expect(Object.keys(module).sort()).toEqual(ENTRIES[entry]?.values);
    for (const value of Object.values(module)) expect(typeof value).toBe('function');
  });

  it('is what package.json offers, entry for entry', () => {
    const { exports } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as { exports: object };
    const offered = Object.keys(exports).filter((name) => name !== './package.json');
    expect(offered.map((name) => name.replace(/^\./, 'rxpool')).sort()).toEqual(names.sort());
  });

  it('has a different stable code for each error', async () => {
    const { default: _, ...core } = (await import(fileOf('rxpool'))) as Record<
      string,
      new (
        message: string,
      ) => { code: string }
    >;
    const errors = Object.entries(core).filter(([name]) => name.endsWith('Error') && name !== 'PoolError');
    const codes = errors.map(([, type]) => new type('').code);
    expect(new Set(codes).size).toBe(errors.length);
    for (const code of codes) expect(code).toMatch(/^ERR_[A-Z_]+$/);
  });
});
