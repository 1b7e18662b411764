// Model files that are broken on purpose, the same ones for the same seed; for tests.
import { seededRandom } from '../../core/random.ts';
import { type Bytes, type Field, fieldsOf, joined, type Random, toBytes, varint } from './wireCases.ts';

/** Ways to break a file: as bytes, where lengths no longer fit, or as fields, where they do. */
const BYTE_WAYS = { flipBits, writeRun, truncate, editTag, editLength, copyRun, cutRun } as const;
const FIELD_WAYS = { renumber, retype, setNumber, resize, duplicate, remove, move, nest, swapText } as const;

export interface MutatedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was done to it, in words. */
  readonly how: string;
}

/** The file with this seed: one to three changes, of which at least one changes it. */
export function mutated(original: Uint8Array, seed: number): MutatedFile {
  const random = randomFrom(seed);
  for (;;) {
    const file = change(original, random);
    if (!isSame(file.bytes, original)) return file;
  }
}

function change(original: Uint8Array, random: Random): MutatedFile {
  const changes = random.chance(0.6) ? 1 : 2 + random.below(2);
  if (random.chance(0.45)) {
    let bytes = original.slice() as Uint8Array<ArrayBuffer>;
    const hows: string[] = [];
    for (let i = 0; i < changes && bytes.length > 0; i++) {
      const way = random.pick(Object.keys(BYTE_WAYS) as (keyof typeof BYTE_WAYS)[]);
      bytes = BYTE_WAYS[way](bytes, fieldsOf(bytes), random);
      hows.push(way);
    }
    return { bytes, how: hows.join(' + ') };
  }
  const root = fieldsOf(original);
  const hows: string[] = [];
  for (let i = 0; i < changes; i++) {
    const way = random.pick(Object.keys(FIELD_WAYS) as (keyof typeof FIELD_WAYS)[]);
    const place = placeIn(root, random);
    if (place === undefined) break;
    FIELD_WAYS[way](place.list, place.at, root, random);
    hows.push(way);
  }
  return { bytes: toBytes(root), how: hows.join(' + ') };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function randomFrom(seed: number): Random {
  const next = seededRandom(seed);
  const below = (limit: number) => Math.min(limit - 1, Math.floor(next() * limit));
  return {
    next,
    below,
    chance: (fraction) => next() < fraction,
    pick: (list) => list[below(list.length)] as never,
  };
}

/** Half of the time beside a field's start, where the structure is; else anywhere, which mostly means in weights. */
function position(bytes: Bytes, fields: readonly Field[], random: Random): number {
  const starts = random.chance(0.7) ? allFields(fields) : [];
  if (starts.length === 0) return random.below(bytes.length);
  return Math.min(bytes.length - 1, random.pick(starts).at + random.below(6));
}

function flipBits(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  for (let i = 1 + random.below(8); i > 0; i--) {
    const at = position(bytes, fields, random);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  }
  return bytes;
}

function writeRun(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  const at = position(bytes, fields, random);
  const value = random.pick([0, 255, 128, undefined]);
  const end = Math.min(bytes.length, at + 1 + random.below(40));
  for (let i = at; i < end; i++) bytes[i] = value ?? random.below(256);
  return bytes;
}

function truncate(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  return bytes.slice(0, position(bytes, fields, random));
}

function editTag(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  const at = random.pick(allFields(fields))?.at ?? 0;
  bytes[at] = random.chance(0.5) ? random.below(256) : (bytes[at] as number) ^ (1 + random.below(7));
  return bytes;
}

function editLength(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  const withLength = allFields(fields).filter(({ wire }) => wire === 2);
  const field = random.pick(withLength);
  if (field === undefined) return bytes;
  const length = BigInt(field.end - field.start);
  const wanted = random.pick([
    length + 1n,
    length - 1n,
    length * 2n,
    0n,
    127n,
    2n ** 31n - 1n,
    2n ** 32n,
    2n ** 64n - 1n,
  ]);
  return joined(bytes.subarray(0, field.at + field.tagSize), varint(wanted), bytes.subarray(field.start));
}

function copyRun(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  const from = position(bytes, fields, random);
  const to = position(bytes, fields, random);
  return joined(bytes.subarray(0, to), bytes.subarray(from, from + 1 + random.below(2000)), bytes.subarray(to));
}

function cutRun(bytes: Bytes, fields: readonly Field[], random: Random): Bytes {
  const from = position(bytes, fields, random);
  return joined(bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(200)));
}

interface Place {
  readonly list: Field[];
  readonly at: number;
}

/** A field somewhere in the tree; each further level as likely as the one before, so that small parts count too. */
function placeIn(root: Field[], random: Random): Place | undefined {
  let list = root;
  for (let depth = 0; ; depth++) {
    if (list.length === 0) return undefined;
    const withParts = list.flatMap(({ parts }, i) => (parts !== undefined && parts.length > 0 ? [i] : []));
    if (withParts.length === 0 || random.chance(depth === 0 ? 0.1 : 0.3))
      return { list, at: random.below(list.length) };
    list = (list[random.pick(withParts)] as Field).parts as Field[];
  }
}

function renumber(list: Field[], at: number, _root: Field[], random: Random): void {
  (list[at] as Field).number = random.chance(0.5) ? 1 + random.below(26) : random.pick([0, 1000, 2 ** 28]);
}

function retype(list: Field[], at: number, _root: Field[], random: Random): void {
  const field = list[at] as Field;
  const wire = random.pick([0, 1, 2, 3, 4, 5]);
  list[at] = {
    ...field,
    wire,
    payload: wire === 0 ? varint(BigInt(random.below(1000))) : new Uint8Array([0, 0, 0, 64, 1, 2, 3, 4]),
  };
  delete (list[at] as Field).parts;
}

const NUMBERS = [
  0n,
  1n,
  2n,
  7n,
  8n,
  16n,
  99n,
  1000n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 40n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

function setNumber(list: Field[], at: number, root: Field[], random: Random): void {
  const near = list.filter(({ wire }) => wire === 0);
  const numbers = near.length > 0 ? near : allFields(root).filter(({ wire }) => wire === 0);
  const field = random.pick(numbers) ?? list[at];
  if (field?.wire === 0) field.payload = varint(random.pick(NUMBERS));
}

function resize(list: Field[], at: number, _root: Field[], random: Random): void {
  const field = list[at] as Field;
  if (field.payload === undefined || field.wire !== 2) return;
  const length = field.payload.length;
  const wanted = random.pick([0, 1, length - 1, length + 1, length * 2, length >> 1]);
  const payload = new Uint8Array(Math.max(0, wanted));
  payload.set(field.payload.subarray(0, payload.length));
  field.payload = payload;
}

function duplicate(list: Field[], at: number, _root: Field[], random: Random): void {
  const copies = random.chance(0.8) ? 1 : 1 + random.below(50);
  for (let i = 0; i < copies; i++) list.splice(random.below(list.length + 1), 0, copyOf(list[at] as Field));
}

function remove(list: Field[], at: number): void {
  list.splice(at, 1);
}

function move(list: Field[], at: number, root: Field[], random: Random): void {
  const [field] = list.splice(at, 1);
  const target = random.chance(0.5) ? list : (placeIn(root, random)?.list ?? list);
  if (field !== undefined) target.splice(random.below(target.length + 1), 0, field);
}

/** A message inside a copy of itself, many times over. */
function nest(list: Field[], at: number, root: Field[], random: Random): void {
  const field = list[at] as Field;
  if (field.wire !== 2) return;
  const depth = random.pick([1, 3, 40, 200, 2000]);
  let bytes = toBytes([field]);
  const limit = 200_000;
  for (let i = 0; i < depth && bytes.length < limit; i++) {
    bytes = toBytes([{ ...field, parts: undefined, payload: bytes }]);
  }
  const target = random.chance(0.7) ? list : (placeIn(root, random)?.list ?? list);
  target.splice(random.below(target.length + 1), 0, { ...field, parts: undefined, payload: bytes });
}

/** One text or block of bytes where another stood: names that nothing makes, data that fits no shape. */
function swapText(list: Field[], at: number, root: Field[], random: Random): void {
  const texts = allFields(root).filter(({ wire, payload }) => wire === 2 && payload !== undefined);
  const near = list.filter(({ wire, payload }) => wire === 2 && payload !== undefined);
  const from = random.pick(texts);
  const to = random.pick(near.length > 0 ? near : texts) ?? list[at];
  if (from?.payload !== undefined && to !== undefined) to.payload = from.payload;
}

function allFields(fields: readonly Field[], all: Field[] = []): Field[] {
  for (const field of fields) {
    all.push(field);
    if (field.parts !== undefined) allFields(field.parts, all);
  }
  return all;
}

function copyOf(field: Field): Field {
  return field.parts === undefined ? { ...field } : { ...field, parts: field.parts.map(copyOf) };
}
