/**
 * A set whose order the server keeps, `/` on the wire. Ordered sets in replies have this class. A plain `Set`, `~` on
 * the wire, comes back in any order. Servers of 2024 support neither.
 * @example
 * ```ts
 * await connection.send('SET', 'podium', new ZcachedOrderedSet(['Ada', 'Grace', 'Edsger']));
 * await connection.send('GET', 'podium'); // ZcachedOrderedSet { 'Ada', 'Grace', 'Edsger' }
 * ```
 */
export class ZcachedOrderedSet<T> extends Set<T> {}
