/** Spreads 32 bits over 32 bits, one to one: every bit of what goes in bears on every bit of what comes out. */
export function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

/** 32 bits of a string, signed, the same ones everywhere and always. Another seed gives other bits. */
export function hashOf(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return mix(hash ^ text.length);
}
