/** A bijective 32-bit mixer: each bit of the argument affects each bit of the result. */
export function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

/** A signed 32-bit hash of a string, the same in every process and version. Another seed gives another hash. */
export function hashOf(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return mix(hash ^ text.length);
}
