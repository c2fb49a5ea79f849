// Who may import what: `npm run layers`. Imports of types count.

/** Files at the top of src/. Each may import those before it, and every folder of the core may import all of them. */
const BASE = [
  'errors',
  'nearest',
  'checks',
  'defaults',
  'abort',
  'deferred',
  'linked-list',
  'disposal',
  'inspect',
  'clock',
  'deadlines',
];

/** Folders of the core: what each may import besides itself and the files above. Whatever is not here is refused. */
const CORE = {
  streams: [],
  connection: ['streams'],
  selection: ['connection', 'streams'],
  membership: ['selection', 'connection', 'streams'],
  healing: ['connection', 'streams'],
  health: ['healing', 'membership', 'connection', 'streams'],
  borrowing: ['membership', 'selection', 'connection', 'streams'],
  sizing: ['health', 'healing', 'connection', 'streams'],
  pool: ['sizing', 'borrowing', 'health', 'healing', 'membership', 'selection', 'connection', 'streams'],
};

/** Beside the core: what each may import besides itself. */
const BESIDE = {
  request: ['connection', 'errors', 'abort', 'linked-list', 'clock', 'deadlines'],
  zcached: ['connection', 'request', 'errors', 'nearest', 'checks', 'abort', 'disposal', 'clock', 'pool'], // connects a pool of its own
  websocket: ['connection', 'request', 'errors', 'checks', 'abort', 'deferred', 'clock'],
  dns: ['streams', 'healing', 'errors', 'checks', 'defaults'],
  testing: ['connection', 'streams', 'checks'],
  'testing/node': ['clock', 'disposal', 'checks'],
  nestjs: ['errors', 'checks'],
  'nestjs/terminus': ['checks'],
  angular: ['errors', 'checks'],
  metrics: [],
  opentelemetry: ['metrics', 'checks'],
  prometheus: ['metrics', 'checks'],
};

/** Entries with a peer of their own: the packages that they may import. They import the core by its name. */
const PEERS = {
  nestjs: ['@nestjs/common', '@nestjs/core'],
  'nestjs/terminus': ['@nestjs/common', '@nestjs/terminus'],
  angular: ['@angular/core'],
  metrics: [],
  opentelemetry: ['@opentelemetry/api'],
  prometheus: ['prom-client'],
};

/** Folders that run in Node alone. */
const NODE_ONLY = ['zcached', 'dns', 'testing/node', 'nestjs', 'nestjs/terminus'];

/** The ways into the package, which everything outside src/ is to use. */
const ENTRIES =
  '^src/((zcached|websocket|dns|testing|testing/node|nestjs|nestjs/terminus|angular|opentelemetry|prometheus)/)?index[.]ts$';
const CORE_ENTRY = '^src/index[.]ts$';

/** Matches the files directly in some folders of src/, and some files at its top. */
const inside = (names) =>
  `^src/(${names.map((name) => (BASE.includes(name) ? `${name}[.]ts` : `${name}/[^/]+`)).join('|')})$`;

const only = (name, allowed, comment) => ({
  name: `${name} imports only what it may`,
  comment,
  severity: 'error',
  from: { path: inside([name]) },
  to: { path: '^src/', pathNot: [inside([name, ...allowed]), ...(name in PEERS ? [CORE_ENTRY] : [])] },
});

const RXJS = 'rxjs/dist/types/index[.]d[.]ts$';

/** The packages that the modules of some folders may import, besides Node's own modules. */
const packages = (from, names) => ({
  from,
  to: {
    pathNot: `^(src/|node_modules/(${[RXJS, ...names.map((name) => `${name}/`)].join('|')}))`,
    dependencyTypesNot: ['core'],
  },
});

const above = 'No module imports one above it: see CORE and BESIDE in .dependency-cruiser.mjs.';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...BASE.map((name, index) => only(name, BASE.slice(0, index), above)),
    ...Object.entries(CORE).map(([name, allowed]) => only(name, [...BASE, ...allowed], above)),
    ...Object.entries(BESIDE).map(([name, allowed]) => only(name, allowed, above)),
    {
      name: 'every folder has a place',
      comment: 'Add the folder to CORE or BESIDE in .dependency-cruiser.mjs.',
      severity: 'error',
      from: { path: '^src/', pathNot: [inside([...BASE, ...Object.keys(CORE), ...Object.keys(BESIDE)]), ENTRIES] },
      to: {},
    },
    {
      name: 'no cycle',
      comment: 'Modules that import each other, types included, cannot be read or tested one by one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no import of a barrel',
      comment: 'Inside src/, import the module that defines the name. Entries with a peer import the core by its name.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '/index[.]ts$', pathNot: CORE_ENTRY },
    },
    {
      name: 'no import of the core by its name',
      comment: 'Only entries with a peer, which the core must not depend on, import it so.',
      severity: 'error',
      from: { path: '^src/', pathNot: inside(Object.keys(PEERS)) },
      to: { path: CORE_ENTRY },
    },
    {
      name: 'the core runs anywhere',
      comment: "Nothing of Node's is reachable from the core entry and from rxpool/testing.",
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${NODE_ONLY.join('|')})/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'rxjs alone',
      comment: "src/ imports rxjs by its main entry, of which there is one instance, and Node's own modules.",
      severity: 'error',
      ...packages({ path: '^src/', pathNot: inside(Object.keys(PEERS)) }, []),
    },
    ...Object.entries(PEERS).map(([name, peers]) => ({
      name: `${name} imports only its peers`,
      comment: 'Each entry has its peers in PEERS of .dependency-cruiser.mjs and in entries.json.',
      severity: 'error',
      ...packages({ path: inside([name]) }, peers),
    })),
    {
      name: 'resolvable',
      comment: 'The module that is imported does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'specs use the entries',
      comment:
        'A spec of a private class has to say in its first line why it is worth it; the folders are listed here.',
      severity: 'error',
      from: { path: '^spec/', pathNot: '^spec/(bench|package|request|zcached|testing/node)/' },
      to: { path: '^src/', pathNot: ENTRIES },
    },
    {
      name: 'public entries only',
      comment: 'Examples show, and benches measure, what users can import.',
      severity: 'error',
      from: { path: '^(examples|spec/bench)/' },
      to: { path: '^src/', pathNot: ENTRIES },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules/' },
    // They have packages of their own.
    exclude: { path: '^(examples/(angular-dashboard|nestjs-app)|spec/e2e/angular-app)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
