/**
 * What a file holds, told by its first bytes: a ZIP, as a bundle is; JSON, as a model.json is; a page, which a server may
 * send instead of a file; or else ONNX, whose beginning says nothing.
 */
export function formOf(bytes: Uint8Array): 'zip' | 'json' | 'page' | 'onnx' {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'zip';
  const first = /^\ufeff?\s*([{[<])/.exec(new TextDecoder().decode(bytes.subarray(0, 16)))?.[1];
  if (first === undefined) return 'onnx';
  return first === '<' ? 'page' : 'json';
}

/** A model's name by its path: that of the file without its ending; of a model.json its folder says more. */
export function nameOfFile(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const name = parts.at(-1) === 'model.json' ? parts.at(-2) : parts.at(-1);
  return name?.replace(/\.(limbeck|onnx|zip|json)$/, '') || 'student';
}
