import { keyedHash, sha256Bytes } from '../../core/hash.ts';
import { dtypeOf, type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';
import { takeTurns } from '../../core/turns.ts';

/** Bytes of the hash that tell an example from another: of a billion examples two share one with a chance of 1e-21. */
export const KEY_BYTES = 16;

/** Examples that may wait for their hash at a time: each is a copy in memory. */
const MOST_AHEAD = 64;

/**
 * A key for each example of a batch: the front half of the SHA-256 of names, types, shapes and bytes of its inputs, as
 * text of 16 characters below 256. With a secret it is an HMAC: who has no secret cannot tell by a key whether an example
 * is there.
 */
export async function hashExamples(
  inputs: NamedArrays,
  count: number,
  secret?: Uint8Array<ArrayBuffer>,
): Promise<string[]> {
  const hashOf = secret === undefined ? sha256Bytes : await keyedHash(secret);
  const names = Object.keys(inputs).sort();
  const arrays = names.map((name) => inputs[name] as NdArray);
  const head = new TextEncoder().encode(
    JSON.stringify(names.map((name, i) => [name, ...kindOf(arrays[i] as NdArray)])),
  );
  const rows = arrays.map(({ data, shape }) => ({
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    length: sizeOf(shape.slice(1)) * data.BYTES_PER_ELEMENT,
  }));
  const length = rows.reduce((sum, row) => sum + row.length, head.length);
  const hashes: Promise<Uint8Array>[] = [];
  const turn = takeTurns();
  for (let example = 0; example < count; example++) {
    const bytes = new Uint8Array(length);
    bytes.set(head);
    let to = head.length;
    for (const row of rows) {
      bytes.set(row.bytes.subarray(example * row.length, (example + 1) * row.length), to);
      to += row.length;
    }
    hashes.push(hashOf(bytes));
    await turn();
    if (example >= MOST_AHEAD) await hashes[example - MOST_AHEAD];
  }
  return (await Promise.all(hashes)).map((hash) => String.fromCharCode(...hash.subarray(0, KEY_BYTES)));
}

function kindOf({ data, shape }: NdArray): [string, readonly number[]] {
  return [dtypeOf(data), shape.slice(1)];
}
