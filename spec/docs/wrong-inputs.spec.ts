import { NEVER, of } from 'rxjs';
import * as core from 'rxpool';
import * as dns from 'rxpool/dns';
import * as testing from 'rxpool/testing';
import * as node from 'rxpool/testing/node';
import * as zcached from 'rxpool/zcached';

/** What a person might write by mistake, and what it is answered with: name, code and message of the error. */
const WRONG: readonly (readonly [input: string, answer: string])[] = [
  ['new ConnectionPool()', 'TypeError ERR_INVALID_ARG_TYPE: poolSize must be a number, got undefined'],
  ["new ConnectionPool('4', make)", 'TypeError ERR_INVALID_ARG_TYPE: poolSize must be a number, got "4"'],
  ['new ConnectionPool(-1, make)', 'RangeError ERR_OUT_OF_RANGE: poolSize must be a non-negative integer, got -1'],
  ['new ConnectionPool(1.5, make)', 'RangeError ERR_OUT_OF_RANGE: poolSize must be a non-negative integer, got 1.5'],
  ['new ConnectionPool(4)', 'TypeError ERR_INVALID_ARG_TYPE: connectionFactory must be a function, got undefined'],
  [
    'new ConnectionPool(4, make())',
    'TypeError ERR_INVALID_ARG_TYPE: connectionFactory must be a function, got an object',
  ],
  ['new ConnectionPool(4, make, null)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got null'],
  [
    'new ConnectionPool(4, make, [])',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (name, scheduler, observer, select, heal, policies, breaker, minSize, …), got an array',
  ],
  [
    "new ConnectionPool(4, make, 'options')",
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got "options"',
  ],
  [
    'new ConnectionPool(4, make, { maxPendings: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.maxPendings is no option; did you mean maxPending?',
  ],
  [
    'new ConnectionPool(4, make, { max: 8 })',
    'TypeError ERR_UNKNOWN_OPTION: options.max is no option; known: name, scheduler, observer, select, heal, policies, breaker, minSize, …',
  ],
  [
    'new ConnectionPool(4, make, { maxPending: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxPending must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    "new ConnectionPool(4, make, { maxPending: '1' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.maxPending must be a number, got "1"',
  ],
  [
    'new ConnectionPool(4, make, { maxSize: 2 })',
    'RangeError ERR_OUT_OF_RANGE: poolSize must be between minSize and maxSize (0 and 2), got 4',
  ],
  [
    'new ConnectionPool(4, make, { maxSize: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxSize must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'new ConnectionPool(4, make, { minSize: 5 })',
    'RangeError ERR_OUT_OF_RANGE: poolSize must be between minSize and maxSize (5 and Infinity), got 4',
  ],
  [
    'new ConnectionPool(4, make, { minSize: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.minSize must be a non-negative integer, got -1',
  ],
  [
    'new ConnectionPool(4, make, { minSize: 3, maxSize: 2 })',
    'RangeError ERR_OUT_OF_RANGE: options.minSize must be at most maxSize, which is 2, got 3',
  ],
  [
    'new ConnectionPool(4, make, { maxWaiting: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxWaiting must be a non-negative integer, got -1',
  ],
  [
    'new ConnectionPool(4, make, { maxWaiting: NaN })',
    'RangeError ERR_OUT_OF_RANGE: options.maxWaiting must be a non-negative integer, got NaN',
  ],
  [
    'new ConnectionPool(4, make, { waitTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.waitTimeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'new ConnectionPool(4, make, { waitTimeout: Infinity })',
    'RangeError ERR_OUT_OF_RANGE: options.waitTimeout must be between 0 and 2147483647 milliseconds, got Infinity',
  ],
  [
    "new ConnectionPool(4, make, { waitTimeout: '5s' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.waitTimeout must be a number, got "5s"',
  ],
  [
    'new ConnectionPool(4, make, { connectTimeout: 2 ** 31 })',
    'RangeError ERR_OUT_OF_RANGE: options.connectTimeout must be between 0 and 2147483647 milliseconds, got 2147483648',
  ],
  [
    'new ConnectionPool(4, make, { closeTimeout: null })',
    'TypeError ERR_INVALID_ARG_TYPE: options.closeTimeout must be a number, got null',
  ],
  [
    'new ConnectionPool(4, make, { drainTimeout: NaN })',
    'RangeError ERR_OUT_OF_RANGE: options.drainTimeout must be between 0 and 2147483647 milliseconds, got NaN',
  ],
  [
    'new ConnectionPool(4, make, { lostGrace: -5 })',
    'RangeError ERR_OUT_OF_RANGE: options.lostGrace must be between 0 and 2147483647 milliseconds, got -5',
  ],
  [
    'new ConnectionPool(4, make, { leakThreshold: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.leakThreshold must be a number of at least 0, got -1',
  ],
  [
    "new ConnectionPool(4, make, { resetTimeout: 'soon' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.resetTimeout must be a number, got "soon"',
  ],
  [
    'new ConnectionPool(4, make, { maxDials: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxDials must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    "new ConnectionPool(4, make, { failFast: 'yes' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.failFast must be a boolean, got "yes"',
  ],
  [
    'new ConnectionPool(4, make, { heal: true })',
    'TypeError ERR_INVALID_ARG_TYPE: options.heal must be a function, got true',
  ],
  [
    'new ConnectionPool(4, make, { breaker: true })',
    'TypeError ERR_INVALID_ARG_TYPE: options.breaker must be a function, got true',
  ],
  [
    'new ConnectionPool(4, make, { policies: () => NEVER })',
    'TypeError ERR_INVALID_ARG_TYPE: options.policies must be an array of functions, got a function',
  ],
  [
    'new ConnectionPool(4, make, { policies: [null] })',
    'TypeError ERR_INVALID_ARG_TYPE: options.policies[0] must be a function, got null',
  ],
  [
    'new ConnectionPool(4, make, { policies: [resilient()] })',
    'TypeError ERR_INVALID_ARG_TYPE: options.policies[0] must be a function, got an array',
  ],
  [
    "new ConnectionPool(4, make, { select: 'leastLoaded' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.select must be a function, got "leastLoaded"',
  ],
  [
    'new ConnectionPool(4, make, { select: () => leastLoaded() })',
    'TypeError ERR_INVALID_ARG_TYPE: select() must be an observable of pickers, got a function',
  ],
  [
    'new ConnectionPool(4, make, { select: leastLoaded })',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (weight, slowStart, failurePenalty, scheduler), got an object',
  ],
  [
    'new ConnectionPool(4, make, { warmup: true })',
    'TypeError ERR_INVALID_ARG_TYPE: options.warmup must be a function, got true',
  ],
  [
    "new ConnectionPool(4, make, { reset: 'RESET' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.reset must be a function, got "RESET"',
  ],
  [
    "new ConnectionPool(4, make, { classify: 'fatal' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.classify must be a function, got "fatal"',
  ],
  [
    "new ConnectionPool(4, make, { endpoints: 'a:1' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.endpoints must be an array of strings, or an observable of such, got "a:1"',
  ],
  [
    'new ConnectionPool(4, make, { endpoints: [] })',
    'RangeError ERR_OUT_OF_RANGE: options.endpoints must be an array of at least one string, got an array',
  ],
  [
    "new ConnectionPool(4, make, { endpoints: ['a', 'a'] })",
    'RangeError ERR_OUT_OF_RANGE: options.endpoints[1] must be a string that occurs once, got "a"',
  ],
  [
    "new ConnectionPool(4, make, { endpoints: [''] })",
    'RangeError ERR_OUT_OF_RANGE: options.endpoints[0] must be a non-empty string, got ""',
  ],
  [
    'new ConnectionPool(4, make, { endpoints: [80] })',
    'TypeError ERR_INVALID_ARG_TYPE: options.endpoints[0] must be a string, got 80',
  ],
  ['new ConnectionPool(4, make, { name: 5 })', 'TypeError ERR_INVALID_ARG_TYPE: options.name must be a string, got 5'],
  [
    'new ConnectionPool(4, make, { scheduler: setTimeout })',
    'TypeError ERR_INVALID_ARG_TYPE: options.scheduler must be a scheduler, got a function',
  ],
  [
    'new ConnectionPool(4, make, { observer: () => {} })',
    'TypeError ERR_INVALID_ARG_TYPE: options.observer must be an object, got a function',
  ],
  [
    'new ConnectionPool(4, make, { observer: { onUse: 1 } })',
    'TypeError ERR_INVALID_ARG_TYPE: options.observer.onUse must be a function, got 1',
  ],
  [
    'new ConnectionPool(4, make, { observer: { onLoan: () => {} } })',
    'TypeError ERR_UNKNOWN_OPTION: options.observer.onLoan is no option; known: onWait, onUse, onDial',
  ],
  [
    'new ConnectionPool(4, make, { random: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.random is no option; known: name, scheduler, observer, select, heal, policies, breaker, minSize, …',
  ],
  ['pool.setup(4)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 4'],
  [
    'pool.setup(signal)',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (signal, attempts), got an AbortSignal',
  ],
  [
    'pool.setup({ attempts: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.attempts must be an integer of at least 1, or Infinity, got 0',
  ],
  ["pool.setup({ attempts: '3' })", 'TypeError ERR_INVALID_ARG_TYPE: options.attempts must be a number, got "3"'],
  [
    'pool.setup({ signal: new AbortController() })',
    'TypeError ERR_INVALID_ARG_TYPE: options.signal must be an AbortSignal, got an object',
  ],
  ['pool.setup({ timeout: 5 })', 'TypeError ERR_UNKNOWN_OPTION: options.timeout is no option; known: signal, attempts'],
  ['pool.ready(1)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 1'],
  ['pool.ready({ min: -1 })', 'RangeError ERR_OUT_OF_RANGE: options.min must be a non-negative integer, got -1'],
  ["pool.ready({ min: '2' })", 'TypeError ERR_INVALID_ARG_TYPE: options.min must be a number, got "2"'],
  [
    'pool.ready({ timeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.timeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'pool.ready({ timeout: Infinity })',
    'RangeError ERR_OUT_OF_RANGE: options.timeout must be between 0 and 2147483647 milliseconds, got Infinity',
  ],
  [
    'pool.ready({ minimum: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.minimum is no option; known: signal, min, timeout',
  ],
  ['pool.close(0)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 0'],
  [
    'pool.close({ drainTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.drainTimeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'pool.close({ drainTimout: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.drainTimout is no option; did you mean drainTimeout?',
  ],
  ['pool.use()', 'TypeError ERR_INVALID_ARG_TYPE: work must be a function, got undefined'],
  ["pool.use('PING')", 'TypeError ERR_INVALID_ARG_TYPE: work must be a function, got "PING"'],
  ['pool.use(connection)', 'TypeError ERR_INVALID_ARG_TYPE: work must be a function, got an object'],
  ['pool.use(work, 500)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 500'],
  [
    'pool.use(work, signal)',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (signal, waitTimeout, key, priority, timeout), got an AbortSignal',
  ],
  [
    'pool.use(work, { timeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.timeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  ["pool.use(work, { timeout: '500' })", 'TypeError ERR_INVALID_ARG_TYPE: options.timeout must be a number, got "500"'],
  [
    'pool.use(work, { timeOut: 500 })',
    'TypeError ERR_UNKNOWN_OPTION: options.timeOut is no option; did you mean timeout?',
  ],
  [
    'pool.use(work, { waitTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.waitTimeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'pool.use(work, { signal: {} })',
    'TypeError ERR_INVALID_ARG_TYPE: options.signal must be an AbortSignal, got an object',
  ],
  [
    'pool.use(work, { signal: null })',
    'TypeError ERR_INVALID_ARG_TYPE: options.signal must be an AbortSignal, got null',
  ],
  ['pool.use(work, null)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got null'],
  [
    'pool.use(() => of(1))',
    'TypeError ERR_INVALID_ARG_TYPE: work() must be no observable: withConnection() runs such work, got an object',
  ],
  ['pool.withConnection()', 'TypeError ERR_INVALID_ARG_TYPE: work must be a function, got undefined'],
  [
    'pool.withConnection(work, { signals: signal })',
    'TypeError ERR_UNKNOWN_OPTION: options.signals is no option; did you mean signal?',
  ],
  [
    'pool.withConnection(work, { timeout: NaN })',
    'RangeError ERR_OUT_OF_RANGE: options.timeout must be between 0 and 2147483647 milliseconds, got NaN',
  ],
  ['pool.lease(1000)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 1000'],
  [
    'pool.lease({ timeout: 1000 })',
    'TypeError ERR_UNKNOWN_OPTION: options.timeout is no option; known: signal, waitTimeout, key, priority',
  ],
  ["pool.lease({ waitTimeout: '1' })", 'TypeError ERR_INVALID_ARG_TYPE: options.waitTimeout must be a number, got "1"'],
  [
    "pool.lease({ signal: 'abort' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.signal must be an AbortSignal, got "abort"',
  ],
  ["pool.tryLease('key')", 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got "key"'],
  ["pool.tryLease({ keys: 'a' })", 'TypeError ERR_UNKNOWN_OPTION: options.keys is no option; did you mean key?'],
  ['pool.extendPoolBySize()', 'TypeError ERR_INVALID_ARG_TYPE: size must be a number, got undefined'],
  ["pool.extendPoolBySize('2')", 'TypeError ERR_INVALID_ARG_TYPE: size must be a number, got "2"'],
  ['pool.extendPoolBySize(-1)', 'RangeError ERR_OUT_OF_RANGE: size must be a non-negative integer, got -1'],
  ['pool.extendPoolBySize(0.5)', 'RangeError ERR_OUT_OF_RANGE: size must be a non-negative integer, got 0.5'],
  ['pool.extendPoolBySize(Infinity)', 'RangeError ERR_OUT_OF_RANGE: size must be a non-negative integer, got Infinity'],
  [
    'pool.extendPoolBySize(1, signal)',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (signal), got an AbortSignal',
  ],
  [
    'pool.extendPoolByConnections()',
    'TypeError ERR_INVALID_ARG_TYPE: connections must be an iterable of connections, got undefined',
  ],
  [
    'pool.extendPoolByConnections(connection)',
    'TypeError ERR_INVALID_ARG_TYPE: connections must be an iterable of connections, got an object',
  ],
  [
    'pool.extendPoolByConnections([{}])',
    'TypeError ERR_INVALID_ARG_TYPE: connections[0] must be a connection, got an object',
  ],
  [
    'pool.extendPoolByConnections([connection, null])',
    'TypeError ERR_INVALID_ARG_TYPE: connections[1] must be a connection, got null',
  ],
  ['pool.reducePoolConnections()', 'TypeError ERR_INVALID_ARG_TYPE: amount must be a number, got undefined'],
  ["pool.reducePoolConnections('1')", 'TypeError ERR_INVALID_ARG_TYPE: amount must be a number, got "1"'],
  ['pool.reducePoolConnections(1.5)', 'RangeError ERR_OUT_OF_RANGE: amount must be an integer, got 1.5'],
  [
    "pool.reducePoolConnections(1, 'yes')",
    'TypeError ERR_INVALID_ARG_TYPE: deletePendingConnections must be a boolean, got "yes"',
  ],
  [
    'pool.reducePoolConnections(1, { drain: true })',
    'TypeError ERR_INVALID_ARG_TYPE: deletePendingConnections must be a boolean, got an object',
  ],
  [
    'pool.removeConnections()',
    'TypeError ERR_INVALID_ARG_TYPE: connections must be an iterable of connections, got undefined',
  ],
  [
    'pool.removeConnections(connection)',
    'TypeError ERR_INVALID_ARG_TYPE: connections must be an iterable of connections, got an object',
  ],
  [
    "pool.removeConnections(['localhost'])",
    'TypeError ERR_INVALID_ARG_TYPE: connections[0] must be a connection, got "localhost"',
  ],
  ['pool.removeConnections([connection], 500)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 500'],
  [
    'pool.removeConnections([connection], { drainTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.drainTimeout must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'pool.removeConnections([connection], { timeout: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.timeout is no option; known: drainTimeout',
  ],
  ['pool.ejectConnections([connection])', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got undefined'],
  ['pool.ejectConnections([connection], 1000)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 1000'],
  [
    'pool.ejectConnections([connection], {})',
    'TypeError ERR_INVALID_ARG_TYPE: options.duration must be a number, got undefined',
  ],
  [
    'pool.ejectConnections([connection], { duration: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.duration must be between 0 and 2147483647 milliseconds, got -1',
  ],
  [
    'pool.ejectConnections([connection], { durationMs: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.durationMs is no option; did you mean duration?',
  ],
  [
    'pool.invalidateConnections(connection)',
    'TypeError ERR_INVALID_ARG_TYPE: connections must be an iterable of connections, got an object',
  ],
  [
    "pool.invalidateConnections([connection], new Error('lost'))",
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (cause), got an error',
  ],
  [
    "pool.invalidateConnections([connection], 'lost')",
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got "lost"',
  ],
  [
    "pool.invalidateConnections([connection], { error: 'lost' })",
    'TypeError ERR_UNKNOWN_OPTION: options.error is no option; known: cause',
  ],
  ["pool.reconnect('all')", 'TypeError ERR_INVALID_ARG_TYPE: onlyBrokenConnections must be a boolean, got "all"'],
  [
    'pool.reconnect({ attempts: 2 })',
    'TypeError ERR_INVALID_ARG_TYPE: onlyBrokenConnections must be a boolean, got an object',
  ],
  [
    'pool.reconnect(true, { attempts: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.attempts must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'pool.reconnect(false, signal)',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (signal, attempts), got an AbortSignal',
  ],
  [
    'pool.renew([connection])',
    'TypeError ERR_INVALID_ARG_TYPE: options must be an object of options (signal, drainTimeout, connections, maxUnavailable), got an array',
  ],
  [
    'pool.renew(connection)',
    'TypeError ERR_UNKNOWN_OPTION: options.name is no option; known: signal, drainTimeout, connections, maxUnavailable',
  ],
  [
    'pool.renew({ connections: connection })',
    'TypeError ERR_INVALID_ARG_TYPE: options.connections must be an iterable of connections, got an object',
  ],
  [
    'pool.renew({ connection: [connection] })',
    'TypeError ERR_UNKNOWN_OPTION: options.connection is no option; did you mean connections?',
  ],
  [
    'pool.renew({ maxUnavailable: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxUnavailable must be a non-negative integer, got -1',
  ],
  [
    "pool.renew({ drainTimeout: '1' })",
    'TypeError ERR_INVALID_ARG_TYPE: options.drainTimeout must be a number, got "1"',
  ],
  ['pool.reconfigure()', 'TypeError ERR_INVALID_ARG_TYPE: changes must be an object, got undefined'],
  [
    'pool.reconfigure({ poolSize: -1 })',
    'RangeError ERR_OUT_OF_RANGE: changes.poolSize must be a non-negative integer, got -1',
  ],
  [
    'pool.reconfigure({ poolsize: 2 })',
    'TypeError ERR_UNKNOWN_OPTION: changes.poolsize is no option; did you mean poolSize?',
  ],
  [
    'pool.reconfigure({ maxPending: 0 })',
    'RangeError ERR_OUT_OF_RANGE: changes.maxPending must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'pool.reconfigure({ connectionFactory: make })',
    'TypeError ERR_UNKNOWN_OPTION: changes.connectionFactory is no option; known: select, heal, policies, breaker, minSize, maxSize, connectTimeout, warmup, …',
  ],
  ['pool.observe()', 'TypeError ERR_INVALID_ARG_TYPE: observer must be an object, got undefined'],
  ['pool.observe(() => {})', 'TypeError ERR_INVALID_ARG_TYPE: observer must be an object, got a function'],
  [
    'pool.observe({ onWaits: () => {} })',
    'TypeError ERR_UNKNOWN_OPTION: observer.onWaits is no option; did you mean onWait?',
  ],
  [
    'leastLoaded({ weights: () => 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.weights is no option; did you mean weight?',
  ],
  ['leastLoaded({ weight: 2 })', 'TypeError ERR_INVALID_ARG_TYPE: options.weight must be a function, got 2'],
  [
    'leastLoaded({ slowStart: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.slowStart must be between 0 and 2147483647 milliseconds, got -1',
  ],
  ['leastLoaded(5)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 5'],
  ['peakEwma({ decay: 0 })', 'RangeError ERR_OUT_OF_RANGE: options.decay must be more than 0, got 0'],
  [
    'peakEwma({ decayTime: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.decayTime is no option; known: decay, failureLatency, random, scheduler',
  ],
  ["peakEwma({ decay: '1s' })", 'TypeError ERR_INVALID_ARG_TYPE: options.decay must be a number, got "1s"'],
  ['powerOfTwoChoices({ random: 0.5 })', 'TypeError ERR_INVALID_ARG_TYPE: options.random must be a function, got 0.5'],
  ['sticky()', 'TypeError ERR_INVALID_ARG_TYPE: keyOf must be a function, got undefined'],
  ["sticky('key')", 'TypeError ERR_INVALID_ARG_TYPE: keyOf must be a function, got "key"'],
  ['sticky((key) => key, { load: 2 })', 'TypeError ERR_UNKNOWN_OPTION: options.load is no option; known: idOf'],
  ['sticky((key) => key, { maxLoad: 0 })', 'TypeError ERR_UNKNOWN_OPTION: options.maxLoad is no option; known: idOf'],
  ['preferred()', 'TypeError ERR_INVALID_ARG_TYPE: isPreferred must be a function, got undefined'],
  ['preferred({})', 'TypeError ERR_INVALID_ARG_TYPE: isPreferred must be a function, got an object'],
  ["preferred('eu')", 'TypeError ERR_INVALID_ARG_TYPE: isPreferred must be a function, got "eu"'],
  ['inState()', 'TypeError ERR_INVALID_ARG_TYPE: state must be a string, got undefined'],
  [
    "inState('up')",
    'RangeError ERR_OUT_OF_RANGE: state must be one of idle, connecting, connected, draining, broken, closed, got "up"',
  ],
  [
    'exponentialBackoff({ initial: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.initial must be a number of at least 0, got -1',
  ],
  [
    'exponentialBackoff({ base: 100 })',
    'TypeError ERR_UNKNOWN_OPTION: options.base is no option; known: initial, max, factor, random',
  ],
  ["exponentialBackoff({ max: 'never' })", 'TypeError ERR_INVALID_ARG_TYPE: options.max must be a number, got "never"'],
  [
    "exponentialBackoff({ jitter: 'yes' })",
    'TypeError ERR_UNKNOWN_OPTION: options.jitter is no option; known: initial, max, factor, random',
  ],
  ['exponentialBackoff(100)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 100'],
  ['constantBackoff()', 'TypeError ERR_INVALID_ARG_TYPE: delay must be a number, got undefined'],
  ['constantBackoff({ delay: -1 })', 'TypeError ERR_INVALID_ARG_TYPE: delay must be a number, got an object'],
  [
    'constantBackoff({ delay: 100, jitter: 2 })',
    'TypeError ERR_INVALID_ARG_TYPE: delay must be a number, got an object',
  ],
  [
    'decorrelatedJitter({ base: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.base is no option; known: initial, max, random',
  ],
  [
    'decorrelatedJitter({ initial: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.initial must be a number of at least 1, got 0',
  ],
  [
    'reconnectBroken({ maxAttempts: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxAttempts must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'reconnectBroken({ maxAttempt: 3 })',
    'TypeError ERR_UNKNOWN_OPTION: options.maxAttempt is no option; did you mean maxAttempts?',
  ],
  ['reconnectBroken({ backoff: 100 })', 'TypeError ERR_INVALID_ARG_TYPE: options.backoff must be a function, got 100'],
  [
    'reconnectBroken({ isTerminal: true })',
    'TypeError ERR_INVALID_ARG_TYPE: options.isTerminal must be a function, got true',
  ],
  [
    'reconnectBroken({ resetAfter: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.resetAfter must be a number of at least 0, got -1',
  ],
  [
    'reconnectBroken({ abandonedInterval: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.abandonedInterval must be above 0 and at most 2147483647 milliseconds, got 0',
  ],
  ['cleanupBroken()', 'TypeError ERR_INVALID_ARG_TYPE: remove must be a function, got undefined'],
  ['cleanupBroken(work, 30_000)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 30000'],
  [
    'cleanupBroken(work, { after: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.after must be a number of at least 0, got -1',
  ],
  [
    'cleanupBroken(work, { every: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.every is no option; known: after, backoff, scheduler',
  ],
  ['ejectOutliers()', 'TypeError ERR_INVALID_ARG_TYPE: eject must be a function, got undefined'],
  [
    'ejectOutliers(work, { baseDuration: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.baseDuration must be a number of at least 1, got -1',
  ],
  [
    'ejectOutliers(work, { consecutiveFailure: 3 })',
    'TypeError ERR_UNKNOWN_OPTION: options.consecutiveFailure is no option; did you mean consecutiveFailures?',
  ],
  [
    'ejectOutliers(work, { maxEjected: 2 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxEjected must be a share between 0 and 1, got 2',
  ],
  [
    'ejectOutliers(work, { errorRate: 50 })',
    'TypeError ERR_UNKNOWN_OPTION: options.errorRate is no option; known: consecutiveFailures, slowerThan, baseDuration, maxDuration, maxEjected, panicThreshold, scheduler',
  ],
  ['validateIdle()', 'TypeError ERR_INVALID_ARG_TYPE: invalidate must be a function, got undefined'],
  [
    'validateIdle(work, work, { interval: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.interval must be a number of at least 1, got 0',
  ],
  [
    'validateIdle(work, work, { timeouts: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.timeouts is no option; did you mean timeout?',
  ],
  [
    'validateIdle(work, work, { concurrency: 0 })',
    'TypeError ERR_UNKNOWN_OPTION: options.concurrency is no option; known: interval, timeout, maxValidations, scheduler',
  ],
  ['invalidateSilent()', 'TypeError ERR_INVALID_ARG_TYPE: invalidate must be a function, got undefined'],
  [
    'circuitBreaker({ consecutiveFailures: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.consecutiveFailures must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'circuitBreaker({ failures: 3 })',
    'TypeError ERR_UNKNOWN_OPTION: options.failures is no option; known: consecutiveFailures, openFor, scheduler',
  ],
  ['circuitBreaker(3)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 3'],
  ['refill()', 'TypeError ERR_INVALID_ARG_TYPE: add must be a function, got undefined'],
  ['refill(work, { backoff: 5 })', 'TypeError ERR_INVALID_ARG_TYPE: options.backoff must be a function, got 5'],
  ['growOnDemand()', 'TypeError ERR_INVALID_ARG_TYPE: add must be a function, got undefined'],
  [
    'growOnDemand(work, { targetLoad: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.targetLoad must be a number of at least 1, got 0',
  ],
  [
    'growOnDemand(work, { target: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.target is no option; known: backoff, scheduler, targetLoad',
  ],
  ['shrinkIdle()', 'TypeError ERR_INVALID_ARG_TYPE: remove must be a function, got undefined'],
  [
    'shrinkIdle(work, { idleTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: options.idleTimeout must be a number of at least 1, got -1',
  ],
  [
    'shrinkIdle(work, { minidle: 1 })',
    'TypeError ERR_UNKNOWN_OPTION: options.minidle is no option; did you mean minIdle?',
  ],
  ['recycle()', 'TypeError ERR_INVALID_ARG_TYPE: replace must be a function, got undefined'],
  [
    'recycle(work, { maxLifetime: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxLifetime must be a number of at least 1, got 0',
  ],
  [
    'recycle(work, { maxUses: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.maxUses must be an integer of at least 1, or Infinity, got 0',
  ],
  [
    'recycle(work, { maxAge: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.maxAge is no option; known: maxLifetime, maxUses, spread, random, backoff, scheduler',
  ],
  [
    'recycle(work, { spread: 2 })',
    'RangeError ERR_OUT_OF_RANGE: options.spread must be a share between 0 and 1, got 2',
  ],
  ['resilient({ validate: true })', 'TypeError ERR_INVALID_ARG_TYPE: validate must be a function, got true'],
  ['healthEvery()', 'TypeError ERR_INVALID_ARG_TYPE: ms must be a number, got undefined'],
  ["healthEvery('250')", 'TypeError ERR_INVALID_ARG_TYPE: ms must be a number, got "250"'],
  ['healthEvery(-1)', 'RangeError ERR_OUT_OF_RANGE: ms must be between 0 and 2147483647 milliseconds, got -1'],
  ['adapt()', 'TypeError ERR_INVALID_ARG_TYPE: adapter must be an object, got undefined'],
  ['adapt({})', 'TypeError ERR_INVALID_ARG_TYPE: adapter.create must be a function, got undefined'],
  [
    'adapt({ create: () => ({}) })',
    'TypeError ERR_INVALID_ARG_TYPE: adapter.connect must be a function, got undefined',
  ],
  [
    'adapt({ create: () => ({}), connect: work })',
    'TypeError ERR_INVALID_ARG_TYPE: adapter.close must be a function, got undefined',
  ],
  [
    'adapt({ create: 1, connect: work, close: work })',
    'TypeError ERR_INVALID_ARG_TYPE: adapter.create must be a function, got 1',
  ],
  [
    'adapt({ create: work, connect: work, close: work, pings: work })',
    'TypeError ERR_UNKNOWN_OPTION: adapter.pings is no option; did you mean ping?',
  ],
  [
    'adapt({ create: work, open: work, close: work })',
    'TypeError ERR_INVALID_ARG_TYPE: adapter.create must be left out beside open, got a function',
  ],
  ["new ScriptedConnection('accept')", 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got "accept"'],
  [
    "new ScriptedConnection({ onDial: 'fail' })",
    'RangeError ERR_OUT_OF_RANGE: options.onDial must be one of accept, refuse, wait, got "fail"',
  ],
  [
    "new ScriptedConnection({ ondial: 'refuse' })",
    'TypeError ERR_UNKNOWN_OPTION: options.ondial is no option; did you mean onDial?',
  ],
  ['checkConnection()', 'TypeError ERR_INVALID_ARG_TYPE: checked must be an object, got undefined'],
  ['checkConnection({})', 'TypeError ERR_INVALID_ARG_TYPE: checked.make must be a function, got undefined'],
  ['checkConnection({ make: 1 })', 'TypeError ERR_INVALID_ARG_TYPE: checked.make must be a function, got 1'],
  [
    "startZcachedServer({ generation: '2026' })",
    'RangeError ERR_OUT_OF_RANGE: options.generation must be one of 2024, 2025, got "2026"',
  ],
  [
    'startZcachedServer({ flaw: true })',
    'TypeError ERR_UNKNOWN_OPTION: options.flaw is no option; did you mean flaws?',
  ],
  ['startFaultProxy()', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got undefined'],
  ['startFaultProxy({})', 'TypeError ERR_INVALID_ARG_TYPE: options.port must be a number, got undefined'],
  [
    'startFaultProxy({ port: 0 })',
    'RangeError ERR_OUT_OF_RANGE: options.port must be an integer from 1 to 65535, got 0',
  ],
  ["startFaultProxy({ port: '7556' })", 'TypeError ERR_INVALID_ARG_TYPE: options.port must be a number, got "7556"'],
  [
    'startFaultProxy({ port: 7556, delay: 5 })',
    'TypeError ERR_UNKNOWN_OPTION: options.delay is no option; known: port, host, toServer, toClient, clock',
  ],
  [
    'startFaultProxy({ port: 7556, toClient: { delays: 5 } })',
    'TypeError ERR_UNKNOWN_OPTION: options.toClient.delays is no option; did you mean delay?',
  ],
  [
    "new ZcachedConnection('localhost')",
    'RangeError ERR_OUT_OF_RANGE: The form of the URL must be zcached://host:port',
  ],
  ['new ZcachedConnection({ port: 0 })', 'RangeError ERR_OUT_OF_RANGE: port must be an integer from 1 to 65535, got 0'],
  ["new ZcachedConnection({ port: '7556' })", 'TypeError ERR_INVALID_ARG_TYPE: port must be a number, got "7556"'],
  [
    "new ZcachedConnection({ hostname: 'a' })",
    'TypeError ERR_UNKNOWN_OPTION: options.hostname is no option; known: name, host, port, path, tls, connectTimeout, requestTimeout, closeTimeout, …',
  ],
  [
    'new ZcachedConnection({ requestTimeout: -1 })',
    'RangeError ERR_OUT_OF_RANGE: requestTimeout must be above 0 and at most 2147483647 milliseconds, got -1',
  ],
  [
    "new ZcachedConnection({ requestTimeout: 'fast' })",
    'TypeError ERR_INVALID_ARG_TYPE: requestTimeout must be a number, got "fast"',
  ],
  ["new ZcachedConnection({ host: '' })", 'RangeError ERR_OUT_OF_RANGE: host must be a non-empty string, got ""'],
  [
    "new ZcachedConnection({ path: 'a.sock', host: 'b' })",
    'TypeError ERR_INVALID_ARG_VALUE: path stands instead of host and port: host must not be given as well',
  ],
  ["new ZcachedConnection({ tls: 'yes' })", 'TypeError ERR_INVALID_ARG_TYPE: tls must be an object, got "yes"'],
  [
    'new ZcachedConnection({ pipelining: 0 })',
    'RangeError ERR_OUT_OF_RANGE: pipelining must be an integer from 1 to 9007199254740991, got 0',
  ],
  [
    "new ZcachedConnection({ maps: 'objects' })",
    'RangeError ERR_OUT_OF_RANGE: maps must be one of map, object, got "objects"',
  ],
  [
    "new ZcachedConnection({ strings: 'utf8' })",
    'RangeError ERR_OUT_OF_RANGE: strings must be one of text, bytes, got "utf8"',
  ],
  [
    'new ZcachedConnection({ maxQueue: -1 })',
    'RangeError ERR_OUT_OF_RANGE: maxQueue must be an integer from 0 to 9007199254740991, got -1',
  ],
  [
    "ZcachedClient.connect('localhost')",
    'RangeError ERR_OUT_OF_RANGE: The form of the URL must be zcached://host:port',
  ],
  [
    "ZcachedClient.connect('redis://localhost')",
    'RangeError ERR_OUT_OF_RANGE: The scheme of the URL must be zcached or zcacheds',
  ],
  [
    "ZcachedClient.connect('zcached://a?requestTimout=5')",
    'RangeError ERR_OUT_OF_RANGE: The parameter requestTimout of the URL must be one that there is; did you mean requestTimeout?',
  ],
  [
    "ZcachedClient.connect('zcached://a?requestTimeout=5s')",
    'RangeError ERR_OUT_OF_RANGE: The requestTimeout of the URL must be a whole number',
  ],
  [
    "ZcachedClient.connect('zcached://a?token=t')",
    'RangeError ERR_OUT_OF_RANGE: The parameter 1 of the URL must be one of connectTimeout, requestTimeout, closeTimeout, maxRequestBytes, maxQueue, pipelining, poolSize, maps, strings, servername',
  ],
  [
    "ZcachedClient.connect('zcached://u:p@a')",
    'RangeError ERR_OUT_OF_RANGE: The user information of the URL must be left out: there is no login',
  ],
  [
    "ZcachedClient.connect('zcached://a', { poolSize: 0 })",
    'RangeError ERR_OUT_OF_RANGE: poolSize must be at least 1, got 0',
  ],
  [
    "ZcachedClient.connect('zcached://a', { poolsize: 4 })",
    'TypeError ERR_UNKNOWN_OPTION: options.poolsize is no option; did you mean poolSize?',
  ],
  [
    "ZcachedClient.connect('zcached://a', { encoding: 'xml' })",
    "RangeError ERR_OUT_OF_RANGE: encoding must be 'native', 'json', 'bytes' or an object with encode and decode, got \"xml\"",
  ],
  [
    "ZcachedClient.connect('zcached://a', { pool: 4 })",
    'TypeError ERR_INVALID_ARG_TYPE: options.pool must be an object, got 4',
  ],
  [
    "ZcachedClient.connect('zcached://a', { pool: { maxpending: 4 } })",
    'TypeError ERR_UNKNOWN_OPTION: options.maxpending is no option; did you mean maxPending?',
  ],
  ['new ZcachedClient()', 'TypeError ERR_INVALID_ARG_TYPE: pool must be an object, got undefined'],
  ['new ZcachedClient({})', 'TypeError ERR_INVALID_ARG_TYPE: pool.use must be a function, got undefined'],
  ['optionsFor2025(8)', 'TypeError ERR_INVALID_ARG_TYPE: options must be an object, got 8'],
  [
    'optionsFor2025({ poolsize: 8 })',
    'TypeError ERR_UNKNOWN_OPTION: options.poolsize is no option; did you mean poolSize?',
  ],
  ['dnsAddresses()', 'TypeError ERR_INVALID_ARG_TYPE: host must be a string, got undefined'],
  ["dnsAddresses('')", 'RangeError ERR_OUT_OF_RANGE: host must be a non-empty string, got ""'],
  ["dnsAddresses('cache', 0)", 'RangeError ERR_OUT_OF_RANGE: port must be an integer from 1 to 65535, got 0'],
  ["dnsAddresses('cache', '7556')", 'TypeError ERR_INVALID_ARG_TYPE: port must be a number, got "7556"'],
  [
    "dnsAddresses('cache', 7556, { every: 5 })",
    'TypeError ERR_UNKNOWN_OPTION: options.every is no option; known: interval, timeout, random, scheduler, family, resolver',
  ],
  ['dnsServices()', 'TypeError ERR_INVALID_ARG_TYPE: name must be a string, got undefined'],
  [
    "dnsServices('_cache._tcp', { interval: -1 })",
    'RangeError ERR_OUT_OF_RANGE: options.interval must be above 0 and at most 2147483647 milliseconds, got -1',
  ],
];

const work = (): number => 1;
const make = (): testing.ScriptedConnection => new testing.ScriptedConnection();
const { signal } = new AbortController();
const NAMES = { ...core, ...dns, ...testing, ...node, ...zcached, NEVER, of, make, work, signal };

/** Runs an input beside a pool of one connection, and tells what it throws or rejects with. */
async function answerTo(input: string): Promise<string> {
  const pool = new core.ConnectionPool<testing.ScriptedConnection>(0, make, { heal: false });
  const connection = make();
  await pool.extendPoolByConnections([connection]);
  const before = JSON.stringify([pool.health, connection.state]);
  const scope = { ...NAMES, pool, connection };
  try {
    const run = new Function(...Object.keys(scope), `return ${input}`);
    const made: unknown = await run(...Object.values(scope));
    if (made instanceof Object && 'subscribe' in made)
      await (made as core.ConnectionPool<never>['health$']).forEach(work);
    return 'nothing';
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code?: unknown };
    expect(JSON.stringify([pool.health, connection.state])).toBe(before);
    return `${name} ${code}: ${message}`;
  } finally {
    await pool.dispose();
  }
}

describe('Wrong inputs', () => {
  it('the table has at least 200', () => {
    expect(new Set(WRONG.map(([input]) => input)).size).toBeGreaterThanOrEqual(200);
  });

  it.each(WRONG)('%s throws or rejects with %s, and changes nothing', async (input, answer) => {
    expect(await answerTo(input)).toBe(answer);
  });
});
