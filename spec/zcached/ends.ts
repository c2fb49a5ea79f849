/** What there is to know of a failed request. */
export const failure = ({ code, sent }: { code: string; sent: string }): { code: string; sent: string } => ({
  code,
  sent,
});

/** How each of some requests ended: its reply, or what there is to know of its failure. */
export const ends = (all: readonly Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(all.map((one) => one.catch(failure)));
