/**
 * What a file holds, by its first bytes: a ZIP, such as a bundle; JSON, such as a model.json; a web page, which a
 * server may send instead of a file; otherwise ONNX, which has no signature.
 */
export function formOf(bytes: Uint8Array): 'zip' | 'json' | 'page' | 'onnx' {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'zip';
  const first = /^\ufeff?\s*([{[<])/.exec(new TextDecoder().decode(bytes.subarray(0, 16)))?.[1];
  if (first === undefined) return 'onnx';
  return first === '<' ? 'page' : 'json';
}

/** A model's name from its path: the file's name without extension, or the folder's for a model.json. */
export function nameOfFile(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const name = parts.at(-1) === 'model.json' ? parts.at(-2) : parts.at(-1);
  return name?.replace(/\.(limbeck|onnx|zip|json)$/, '') || 'student';
}
