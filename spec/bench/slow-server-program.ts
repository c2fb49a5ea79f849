import { SlowServer } from './slow-server.js';

/** A slow server in a process of its own, which SIGSTOP can stop. Its argument is the delay of an answer. */
async function serve(): Promise<void> {
  const server = new SlowServer(Number(process.argv[2]));
  await server.up();
  console.log(server.port);
}

void serve();
