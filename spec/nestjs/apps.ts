import type { DynamicModule, INestApplicationContext, LoggerService, Provider, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ScriptedConnection, type ScriptedConnectionOptions } from 'rxpool/testing';
import { track } from '../support/cleanup.js';

/** Makes scripted connections, and keeps them. */
export class Factory {
  readonly made: ScriptedConnection[] = [];
  readonly #options: ScriptedConnectionOptions;

  constructor(options: ScriptedConnectionOptions = {}) {
    this.#options = options;
  }

  readonly make = (): ScriptedConnection => {
    const connection = new ScriptedConnection(this.#options);
    this.made.push(connection);
    return connection;
  };

  get states(): string {
    return this.made.map(({ state }) => state).join(' ');
  }
}

/** A module of an application, and what is asked of the builder before it is compiled. */
export interface Parts {
  readonly imports?: (DynamicModule | Type)[];
  readonly providers?: Provider[];
  readonly controllers?: Type[];
}

/** Compiles an application without an HTTP server, which is closed after the test. */
export async function compile(parts: Parts, logger: LoggerService | false = false): Promise<TestingModule> {
  const module = await Test.createTestingModule(parts)
    .setLogger(logger || { log() {}, warn() {}, error() {} })
    .compile();
  await module.init();
  return track(module);
}

/** Why an application does not start. */
export const failureOf = async (starting: Promise<INestApplicationContext>): Promise<Error> =>
  starting.then(
    () => {
      throw new Error('It started');
    },
    (error: Error) => error,
  );
