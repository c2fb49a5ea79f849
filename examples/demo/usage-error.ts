/** Somebody asked for something that cannot be; the message is one line. */
export class UsageError extends Error {}
