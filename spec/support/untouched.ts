import type { TestConnection } from './connections.js';

/** Expects that no stream of the connection has a subscriber left. */
export function expectUntouched(connection: TestConnection): void {
  expect(connection.observed).toBe(false);
  const { outcomes$ } = connection as { readonly outcomes$?: { readonly observed?: boolean } };
  expect(outcomes$?.observed ?? false).toBe(false);
}
