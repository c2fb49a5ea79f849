/** The command line is wrong; the message is one line. */
export class UsageError extends Error {}
