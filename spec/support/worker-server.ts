import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A server in a thread of its own, which answers while the event loop of the test stands still. */
export interface WorkerServer {
  readonly port: number;
  close(): Promise<unknown>;
}

/** In the thread: answers whatever arrives with `reply`, and that many milliseconds later. */
const SERVE = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const { reply, delay } = workerData;
  const server = createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {}).on('data', () => setTimeout(() => socket.write(reply), delay));
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

export async function startWorkerServer(reply: string, delay: number): Promise<WorkerServer> {
  const worker = new Worker(SERVE, { eval: true, workerData: { reply, delay } });
  const [port] = (await once(worker, 'message')) as [number];
  return { port, close: () => worker.terminate() };
}

/** Keeps the event loop from turning for so long. */
export function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
