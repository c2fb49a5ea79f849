/**
 * Whether an object is a literal or a result of `JSON.parse`, also of another realm. Instances of classes have more
 * than their fields.
 */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
