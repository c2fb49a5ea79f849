// Makes dist/ of what tsc has compiled:
// - CommonJS is for Node, where each file costs time to load: the core is one file, each other entry point is one, and
//   what several of these need is in files that they share, so that each class exists once.
// - ES modules are for bundlers, which leave out whole modules better than parts of one: they stay one for each source.
// - Declarations are one file for each entry point. Those of an ES module export what those of CommonJS do.
// It also writes "exports" of package.json. An entry point is a line of entries.json:
// - "needsNode": it imports modules of Node, and its declarations may use Node's types.
// - "peers": the optional peers that it imports.
// - "peerIsEsm": a peer of it has ES modules only, in one of its versions at least, so `import` gets an ES module in Node as well. Such an entry
//   point imports the core as 'rxpool', which stays an import. It exists twice in a program that does both, so no class
//   or symbol of its own may be compared.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { dts } from 'rollup-plugin-dts';

const table = Object.entries(JSON.parse(readFileSync('spec/package/entries.json', 'utf8')));
const esmInNode = table.filter(([, { peerIsEsm }]) => peerIsEsm);
const nameOf = (subpath) => (subpath === '.' ? 'index' : subpath.slice(2));

/** TypeScript finds the declarations beside each file. */
function exportsFor([subpath, { peerIsEsm }]) {
  const commonjs = `./dist/${nameOf(subpath)}.js`;
  const esm = `./dist/esm/${nameOf(subpath)}.mjs`;
  return { module: esm, [peerIsEsm ? 'import' : 'node']: peerIsEsm ? esm : commonjs, require: commonjs, default: esm };
}

const begin = {
  name: 'begin',
  buildStart() {
    rmSync('dist', { recursive: true, force: true });
    const before = readFileSync('package.json', 'utf8');
    const exports = Object.fromEntries(table.map((entry) => [entry[0], exportsFor(entry)]));
    const manifest = { ...JSON.parse(before), exports: { ...exports, './package.json': './package.json' } };
    const after = `${JSON.stringify(manifest, null, 2)}\n`;
    if (after !== before) writeFileSync('package.json', after);
  },
};

/** What each entry point exports at run time, by its name. */
const values = new Map();

const noteValues = {
  name: 'note-values',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.isEntry) values.set(chunk.name, new Set(chunk.exports));
  },
};

/** rollup-plugin-dts forgets that a class has been exported as a type alone. */
const markTypes = {
  name: 'mark-types',
  generateBundle(_, bundle) {
    const mark = (known) => (specifier) => (known.has(specifier.split(' ').at(-1)) ? specifier : `type ${specifier}`);
    for (const chunk of Object.values(bundle).filter(({ isEntry }) => isEntry)) {
      chunk.code = chunk.code.replace(
        /^export \{ (.*) \}/gm,
        (_clause, list) =>
          `export { ${list
            .split(', ')
            .map(mark(values.get(chunk.name)))
            .join(', ')} }`,
      );
    }
  },
};

/** The same types for ES modules, so that both formats may meet in one program. */
const declareEsm = {
  name: 'declare-esm',
  generateBundle() {
    for (const [subpath] of table.filter((entry) => !esmInNode.includes(entry))) {
      const fileName = `${nameOf(subpath)}.d.mts`;
      const target = posix.relative(posix.dirname(`esm/${fileName}`), `${nameOf(subpath)}.js`);
      this.emitFile({ type: 'asset', fileName, source: `export * from '${target}';\n` });
    }
  },
};

const compiled = (folder, extension, only = table) =>
  Object.fromEntries(
    only.map(([subpath]) => [
      nameOf(subpath),
      resolve('node_modules/.cache/rxpool', folder, subpath, `index${extension}`),
    ]),
  );

/** Packages, the core by its own name, and modules of Node. */
const external = (id) => /^(?!\w:)[\w@]/.test(id);

const output = {
  externalLiveBindings: false,
  generatedCode: { preset: 'es2015', symbols: false },
  hoistTransitiveImports: false,
  minifyInternalExports: false,
};

const declarations = (input, options) => ({
  input,
  external,
  // What tsc has compiled is in node_modules, which the plugin would leave alone.
  plugins: [dts({ respectExternal: true }), markTypes],
  // AsyncDisposal and Expirable are in clauses `extends` and `implements`, and ListNode in fields of transports: in no type
  // that a program infers.
  onLog: (level, log, handler) =>
    /private shared type exports .*: AsyncDisposal(, Expirable)?(, ListNode)?\./.test(log.message) ||
    handler(level, log),
  output: { ...output, format: 'es', ...options },
});

const code = compiled('code', '.js');
const types = compiled('types', '.d.ts');

export default [
  {
    input: code,
    external,
    plugins: [begin, noteValues],
    output: [
      {
        ...output,
        dir: 'dist/esm',
        format: 'es',
        entryFileNames: '[name].mjs',
        preserveModules: true,
        plugins: [declareEsm],
      },
      {
        ...output,
        dir: 'dist',
        format: 'cjs',
        chunkFileNames: 'shared/[name].js',
        esModule: true,
        manualChunks: { core: [code.index] },
      },
    ],
  },
  declarations(types, {
    dir: 'dist',
    entryFileNames: '[name].d.ts',
    chunkFileNames: ({ name }) => `shared/${name.replace(/\.d$/, '')}.d.ts`,
    manualChunks: { core: [types.index] },
  }),
  ...(esmInNode.length > 0
    ? [declarations(compiled('types', '.d.ts', esmInNode), { dir: 'dist/esm', entryFileNames: '[name].d.mts' })]
    : []),
];
