import { type Agent, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';

/** An application that listens at a free port. */
export async function listen(
  parts: ModuleMetadata,
): Promise<{ readonly app: INestApplication; readonly port: number }> {
  const module = await Test.createTestingModule(parts)
    .setLogger({ log() {}, warn() {}, error() {} })
    .compile();
  const app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  return { app, port: (app.getHttpServer().address() as AddressInfo).port };
}

/** What a request was answered, or the code of the error that it failed with. */
export interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
  readonly error: string | undefined;
  /** Whether the socket had carried a request before. */
  readonly isReused: boolean;
}

/** One GET by an agent, which keeps its sockets alive. */
export const ask = (agent: Agent, url: string): Promise<Answer> =>
  new Promise((resolve) => {
    const request = get(url, { agent }, async (response: IncomingMessage) => {
      let body = '';
      try {
        for await (const chunk of response) body += chunk;
        const { connection } = response.headers;
        resolve({ status: response.statusCode, connection, body, error: undefined, isReused: request.reusedSocket });
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    });
    const fail = ({ code }: NodeJS.ErrnoException): void =>
      resolve({ status: undefined, connection: undefined, body: '', error: code, isReused: request.reusedSocket });
    request.on('error', fail);
  });
