/** The number of parts for work that takes several turns of the event loop, such as a dial. */
export const TIMER_PARTS = 8;

/**
 * Waits in several timers, of which each counts for its own length, however late it fires: time for which the event loop
 * stood still is given back.
 *
 * @param after - sets a timer.
 * @param over - called when the last one has fired.
 */
export function waitInParts(
  time: number,
  parts: number,
  after: (delay: number, work: () => void) => void,
  over: () => void,
): void {
  const part = Math.ceil(time / parts);
  const wait = (left: number): void => after(Math.min(part, left), () => (left > part ? wait(left - part) : over()));
  wait(time);
}
