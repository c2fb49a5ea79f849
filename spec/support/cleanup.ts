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

/** Has it closed after the test, also after one that failed. */
export function track<T extends Closable>(closable: T): T {
  open.push(closable);
  return closable;
}
