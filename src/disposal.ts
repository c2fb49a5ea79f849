/** The type that `using` needs, in programs whose `lib` has `Symbol.dispose`; an empty type in others. */
export type Disposal = SymbolConstructor extends { readonly dispose: infer S extends symbol }
  ? { readonly [K in S]: () => void }
  : object;

/** The type that `await using` needs, in programs whose `lib` has `Symbol.asyncDispose`; an empty type in others. */
export type AsyncDisposal = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { readonly [K in S]: () => Promise<void> }
  : object;

/** Gives a class a method under `Symbol.dispose` or `Symbol.asyncDispose`, if the platform has the symbol. */
export function makeDisposable<M extends string>(
  prototype: Record<M, () => unknown>,
  symbol: 'dispose' | 'asyncDispose',
  method: M,
): void {
  const key = (Symbol as { readonly dispose?: symbol; readonly asyncDispose?: symbol })[symbol];
  if (!key) return;
  const value = function (this: Record<M, () => unknown>): unknown {
    return this[method]();
  };
  Object.defineProperty(prototype, key, { value, configurable: true, writable: true });
}
