/** The key of the method that Node asks for a short form, in `console.log` and in the report of an error. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;
