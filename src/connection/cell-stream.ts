import { Observable } from 'rxjs';

/** A field of a cell as a stream, made when it is first asked for: the current value, then each other one. */
export function cellStream<T>(
  made: WeakMap<object, Observable<T>>,
  cell: object,
  read: () => T,
  watch: (tell: () => void) => () => void,
): Observable<T> {
  const known = made.get(cell);
  if (known) return known;
  const stream = new Observable<T>((subscriber) => {
    let told: T | undefined;
    const tell = (): void => {
      const value = read();
      if (told === value) return;
      told = value;
      subscriber.next(value);
    };
    // Whoever is told the first value may change it.
    const unwatch = watch(tell);
    tell();
    return unwatch;
  });
  made.set(cell, stream);
  return stream;
}
