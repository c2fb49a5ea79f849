/** The key of the method that Node calls for a short form, in `console.log` and in reports of errors. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;
