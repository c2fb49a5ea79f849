/** Errors created without a caller on the stack: in a timer, or by a change of the pool. */
const callerless = new WeakSet<object>();

const microtask = Promise.resolve();

/** V8 and most other engines have it. */
const { captureStackTrace } = Error as { captureStackTrace?: (target: object, above?: unknown) => void };

/** Marks an error that was created without a caller on the stack. */
export function withoutCaller<E extends object>(error: E): E {
  callerless.add(error);
  return error;
}

/**
 * Gives a marked error the stack of this moment. It names the async callers if the engine traces async functions.
 * Called when an error is thrown, so that calls that succeed trace nothing.
 */
export function traceCaller(error: unknown): unknown {
  if (callerless.delete(error as object)) captureStackTrace?.(error as object, traceCaller);
  return error;
}

/**
 * Rejects with an error whose stack names the async caller. V8 finds the caller through the promise that was resolved
 * with this one, and that link exists two microtasks later.
 */
export async function rejectTraced(error: unknown): Promise<never> {
  await microtask;
  await microtask;
  throw traceCaller(error);
}

/** Whether an error is marked. */
export const isCallerless = (error: unknown): boolean => callerless.has(error as object);
