/**
 * What `await using` asks for, in the types of programs whose `lib` knows `Symbol.asyncDispose`, and nothing in
 * the types of others.
 */
export type AsyncDisposal = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { readonly [K in S]: () => Promise<void> }
  : object;

/** Gives a class its `[Symbol.asyncDispose]`, where the platform has the symbol. */
export function makeAsyncDisposable(prototype: { dispose(): Promise<void> }): void {
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol };
  if (!asyncDispose) return;
  const value = function (this: { dispose(): Promise<void> }): Promise<void> {
    return this.dispose();
  };
  Object.defineProperty(prototype, asyncDispose, { value, configurable: true, writable: true });
}
