/** Literals and `JSON.parse`, also of another realm; an instance of a class has more to it than its fields. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
