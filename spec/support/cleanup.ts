interface Closable {
  close(): Promise<unknown>;
}

const open: Closable[] = [];

afterEach(async () => {
  await Promise.all(
    open
      .splice(0)
      .reverse()
      .map((closable) => closable.close()),
  );
});

/** Closes it after the test, whether that passes or fails. */
export function track<T extends Closable>(closable: T): T {
  open.push(closable);
  return closable;
}
