/**
 * A set whose order the server keeps, `/` on the wire: a reply that is one comes as one. A plain `Set`, which is
 * `~` on the wire, comes back in any order. Servers of 2024 know neither.
 *
 * @example
 * ```ts
 * await connection.send('SET', 'podium', new ZcachedOrderedSet(['Ada', 'Grace', 'Edsger']));
 * await connection.send('GET', 'podium'); // ZcachedOrderedSet { 'Ada', 'Grace', 'Edsger' }
 * ```
 */
export class ZcachedOrderedSet<T> extends Set<T> {}
