/** The least that a wait of `milliseconds` can measure: a timer of Node may fire up to a millisecond early. */
export function earliest(milliseconds: number): number {
  return milliseconds - 1;
}
