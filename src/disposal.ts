/** What `using` asks for, in the types of programs whose `lib` knows `Symbol.dispose`, and nothing in others. */
export type Disposal = SymbolConstructor extends { readonly dispose: infer S extends symbol }
  ? { readonly [K in S]: () => void }
  : object;

/** What `await using` asks for, in the types of programs whose `lib` knows `Symbol.asyncDispose`. */
export type AsyncDisposal = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { readonly [K in S]: () => Promise<void> }
  : object;

/** Gives a class a method under `Symbol.dispose` or `Symbol.asyncDispose`, where the platform has the symbol. */
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
