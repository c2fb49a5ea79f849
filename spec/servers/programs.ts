import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian puts programs of PostgreSQL that are not on the path: the newest version first. */
function postgresFolders(): string[] {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return [];
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(versions, version, 'bin'));
}

function find(program: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The server programs that the specs of this folder start, and where they are on this machine. */
export function findPrograms(): Readonly<
  Record<'redis-server' | 'initdb' | 'postgres' | 'nats-server', string | undefined>
> {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const postgres = [...postgresFolders(), ...path];
  return {
    'redis-server': find('redis-server', path),
    initdb: find('initdb', postgres),
    postgres: find('postgres', postgres),
    'nats-server': find('nats-server', [...path, '/usr/sbin']),
  };
}

/** The specs of this folder, and the programs that each needs. */
const NEEDS = {
  'servers/redis': ['redis-server'],
  'servers/ioredis': ['redis-server'],
  'servers/pg': ['initdb', 'postgres'],
  'servers/nats': ['nats-server'],
  'servers/recipes': ['redis-server', 'initdb', 'postgres', 'nats-server'],
} as const;

/** A spec of this folder, and the programs it needs that are not on this machine. */
export interface ServerSpec {
  /** Below spec/ and without its ending. */
  readonly spec: string;
  readonly missing: readonly string[];
}

export function serverSpecs(): readonly ServerSpec[] {
  const programs = findPrograms();
  return Object.entries(NEEDS).map(([spec, needs]) => ({
    spec,
    missing: needs.filter((program) => programs[program] === undefined),
  }));
}
