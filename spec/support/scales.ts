/** How much of its work a spec does: `short` in `npm test`, `full` in `npm run test:long`. */
interface Scale {
  /** The spec, below spec/ and without its ending. */
  readonly spec: string;
  /** What is counted. */
  readonly unit: string;
  readonly short: number;
  readonly full: number;
}

/** The specs whose full length takes longer than `npm test` may. `npm run test:long` runs these and no others. */
export const SCALES = {
  cancellations: {
    spec: 'zcached/cancellation',
    unit: 'cancellations on each server',
    short: 1_000,
    full: 50_000,
  },
  interleavings: { spec: 'model/interleavings', unit: 'schedules', short: 400, full: 10_000 },
  modelRuns: { spec: 'model/pool.model', unit: 'runs of up to 100 commands', short: 150, full: 3_000 },
  stampede: { spec: 'healing/stampede', unit: 'pools', short: 300, full: 1_000 },
  outage: { spec: 'healing/stampede', unit: 'seconds without a server', short: 20, full: 60 },
  endurance: { spec: 'examples/endurance', unit: 'requests', short: 10_000, full: 100_000 },
  decoderInputs: { spec: 'zcached/fuzz', unit: 'replies', short: 10_000, full: 1_000_000 },
  encoderInputs: { spec: 'zcached/fuzz', unit: 'requests', short: 5_000, full: 200_000 },
  storm: { spec: 'zcached/storm', unit: 'requests', short: 5_000, full: 1_000_000 },
  deliveries: { spec: 'zcached/delivery', unit: 'requests at each depth', short: 4_000, full: 20_000 },
  restarts: { spec: 'zcached/restarts', unit: 'restarts', short: 20, full: 100 },
  policyMatrix: { spec: 'pool/policy-matrix', unit: 'pairs of policies in a situation', short: 24, full: 504 },
  endpointBalance: { spec: 'pool/endpoint-balance', unit: 'histories of a pool', short: 25, full: 500 },
  agreement: { spec: 'pool/combined-streams', unit: 'changes of each run', short: 1_500, full: 10_000 },
  fairness: { spec: 'selection/fairness', unit: 'sizes of a pool', short: 5, full: 15 },
  urls: { spec: 'zcached/url', unit: 'URLs written and read', short: 500, full: 3_000 },
  urlPieces: { spec: 'zcached/url', unit: 'URLs of random pieces', short: 2_000, full: 10_000 },
  jsonBatches: { spec: 'zcached/encoding', unit: 'batches of 50 values on each server', short: 40, full: 200 },
  requestTables: { spec: 'request/table-model', unit: 'histories of each table', short: 300, full: 1_500 },
  correlation: { spec: 'websocket/correlation-model', unit: 'histories, by id and in order', short: 150, full: 2_000 },
  streamAgreement: { spec: 'pool/stream-agreement', unit: 'histories of each kind', short: 30, full: 120 },
  adapterFaults: { spec: 'testing/conformance', unit: 'connections with one fault', short: 10, full: 37 },
  demo: { spec: 'examples/demo-run', unit: 'seconds of a demo', short: 1, full: 2 },
} as const satisfies Record<string, Scale>;

declare global {
  /** Set by jest.long.config.ts. */
  var isFullLength: boolean | undefined;
}

/** The amount of work for the run that is under way. */
export const scaled = (name: keyof typeof SCALES): number => SCALES[name][globalThis.isFullLength ? 'full' : 'short'];
