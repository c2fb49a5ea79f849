/** Stands for no bytes at all, which in base64 are an empty string: the protocol has none. */
const NOTHING = '=';

/** The bytes of a view as a string that is never empty. */
export function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return byteLength === 0 ? NOTHING : Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** The bytes, in memory of their own; undefined for what is not base64 by the letter. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.byteLength(text, 'base64'));
  const view = Buffer.from(bytes.buffer);
  view.write(text, 'base64');
  // Node reads past whatever is not base64: only what comes out as it went in was any.
  return view.toString('base64') === text || text === NOTHING ? bytes : undefined;
}
