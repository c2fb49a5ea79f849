import { setTimeout as sleep } from 'node:timers/promises';

/** A server of Debian's that a spec runs, and what an administrator can do to it. */
export interface RealServer {
  readonly port: number;
  /** Resolves once the server answers. Also after `kill`. */
  start(): Promise<void>;
  /** SIGKILL, as when memory runs out. */
  kill(): Promise<void>;
  stop(): void;
  continue(): void;
  /**
   * Ends the session of one client of the pool, as an administrator does; false where there is none. Absent where no
   * administrator can.
   */
  cutOne?(): Promise<boolean>;
  /** Ends the sessions of all clients of the pool. Absent where a change of the password does. */
  cutAll?(): Promise<void>;
  /** How many sessions clients of the pool have. */
  sessions(): Promise<number>;
  /** Changes the password that clients have to give, for new sessions. */
  setPassword(password: string): Promise<void>;
  /** Kills the server and removes its files. */
  close(): Promise<void>;
}

/** The password that all clients of the pool give. */
export const PASSWORD = 'correct-horse';

/** How many sessions each server allows, those of administrators included. */
export const MAX_SESSIONS = 16;

const PATIENCE = 15_000;

/** Resolves to the first value for which `ask` does not fail. */
export async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** Starts a server; one that does not answer is closed, so that nothing of it is left. */
export async function started<S extends RealServer>(server: S): Promise<S> {
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}
