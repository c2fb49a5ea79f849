import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as core from 'rxpool';
import * as angular from 'rxpool/angular';
import * as dns from 'rxpool/dns';
import * as nestjs from 'rxpool/nestjs';
import * as terminus from 'rxpool/nestjs/terminus';
import * as opentelemetry from 'rxpool/opentelemetry';
import * as prometheus from 'rxpool/prometheus';
import * as testing from 'rxpool/testing';
import * as testingNode from 'rxpool/testing/node';
import * as websocket from 'rxpool/websocket';
import * as zcached from 'rxpool/zcached';

// The names and types of the exports are held by the API report.
const ENTRIES: Record<string, object> = {
  rxpool: core,
  'rxpool/angular': angular,
  'rxpool/dns': dns,
  'rxpool/nestjs': nestjs,
  'rxpool/nestjs/terminus': terminus,
  'rxpool/opentelemetry': opentelemetry,
  'rxpool/prometheus': prometheus,
  'rxpool/testing': testing,
  'rxpool/testing/node': testingNode,
  'rxpool/websocket': websocket,
  'rxpool/zcached': zcached,
};

type ErrorClass = new (message: string) => Error & { readonly code: string };

describe('The entries of the package', () => {
  it('package.json "exports" names the entries that are imported here, and no other', () => {
    const file = resolve(__dirname, '../package.json');
    const { exports } = JSON.parse(readFileSync(file, 'utf8')) as { readonly exports: object };
    const offered = Object.keys(exports).filter((name) => name !== './package.json');
    expect(offered.map((name) => name.replace(/^\./, 'rxpool')).sort()).toEqual(Object.keys(ENTRIES));
  });

  it.each(Object.entries(ENTRIES))('every value that %s exports at run time is a class or a function', (_, entry) => {
    const others = Object.entries(entry).filter(([, value]) => typeof value !== 'function');
    expect(others).toEqual([]);
  });

  it('every error class of rxpool has a code of its own, and a name equal to that of its export', () => {
    const errors = Object.entries(core).filter(([name]) => name.endsWith('Error') && name !== 'PoolError');
    const made = errors.map(([name, type]) => ({ name, error: new (type as unknown as ErrorClass)('') }));
    for (const { name, error } of made) {
      expect(error).toMatchObject({ name, code: expect.stringMatching(/^ERR_[A-Z_]+$/) });
    }
    expect(new Set(made.map(({ error }) => error.code)).size).toBe(errors.length);
    expect(errors.length).toBeGreaterThan(15);
  });
});
