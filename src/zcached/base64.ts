/** Stands for no bytes. Base64 would be an empty string, which the protocol cannot carry. */
const NOTHING = '=';

/** The bytes of a view as a non-empty string. */
export function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return byteLength === 0 ? NOTHING : Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** The bytes, in new memory; undefined if the text is not exact base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Buffer.byteLength(text, 'base64'));
  const view = Buffer.from(bytes.buffer);
  view.write(text, 'base64');
  // Node skips characters that are not base64. The text is valid only if encoding gives it back.
  return view.toString('base64') === text || text === NOTHING ? bytes : undefined;
}
