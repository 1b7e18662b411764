// ONNX files as protobuf's fields, without meaning, so that tests can break them one by one.

export type Bytes = Uint8Array<ArrayBuffer>;

export interface Random {
  next(): number;
  below(limit: number): number;
  chance(fraction: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export interface Field {
  number: number;
  /** 0 a number, 1 eight bytes, 2 a length and bytes, 5 four bytes. */
  wire: number;
  /** The fields of a message, or … */
  parts?: Field[] | undefined;
  /** … the bytes of a value, without tag and length. */
  payload?: Uint8Array | undefined;
  /** Where it stood in the file: tag, length or value, end. */
  readonly at: number;
  readonly tagSize: number;
  readonly start: number;
  readonly end: number;
}

/** Messages in messages by field number; what is not here is a value. */
const MESSAGES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 8: 'plain', 14: 'plain', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  tensor: { 13: 'plain' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 9: 'plain' },
  value: { 2: 'type' },
  type: { 1: 'tensorType', 4: 'elementType', 9: 'elementType' },
  elementType: { 1: 'type' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'plain' },
  plain: {},
};

/** The fields of a model file, as far as it can be read. */
export function fieldsOf(bytes: Uint8Array): Field[] {
  return readFields(bytes, 0, bytes.length, 'model', 0).fields;
}

/** The file of these fields; lengths fit, whatever was done to them. */
export function toBytes(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const sizes = new Map<Field, number>();
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + measure(field, sizes), 0));
  let at = 0;
  for (const field of fields) at = write(field, bytes, at, sizes);
  return bytes;
}

function readFields(bytes: Uint8Array, from: number, end: number, kind: string, depth: number) {
  const fields: Field[] = [];
  let at = from;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    if (tag === undefined || tag.value < 8) return { fields, isWhole: false };
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    const span = spanOf(bytes, tag.next, end, wire);
    if (span === undefined) return { fields, isWhole: false };
    const inner = wire === 2 && depth < 60 ? MESSAGES[kind]?.[number] : undefined;
    const read = inner === undefined ? undefined : readFields(bytes, span.start, span.end, inner, depth + 1);
    const content = read?.isWhole ? { parts: read.fields } : { payload: bytes.subarray(span.start, span.end) };
    fields.push({ number, wire, ...content, at, tagSize: tag.next - at, ...span });
    at = span.end;
  }
  return { fields, isWhole: true };
}

function spanOf(bytes: Uint8Array, at: number, end: number, wire: number) {
  const next = wire === 0 || wire === 2 ? readVarint(bytes, at, end) : undefined;
  if (wire === 0) return next && { start: at, end: next.next };
  const start = wire === 2 ? next?.next : at;
  const size = wire === 2 ? next?.value : { 1: 8, 5: 4 }[wire];
  if (start === undefined || size === undefined || start + size > end) return undefined;
  return { start, end: start + size };
}

function readVarint(bytes: Uint8Array, from: number, end: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = from, scale = 1; at < end && at < from + 10; at++, scale *= 128) {
    const byte = bytes[at] as number;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at + 1 };
  }
  return undefined;
}

function measure(field: Field, sizes: Map<Field, number>): number {
  const inner = field.parts?.reduce((sum, part) => sum + measure(part, sizes), 0) ?? field.payload?.length ?? 0;
  sizes.set(field, inner);
  const tag = varintSize(field.number * 8 + field.wire);
  return tag + (field.wire === 2 ? varintSize(inner) : 0) + inner;
}

function write(field: Field, bytes: Uint8Array, from: number, sizes: ReadonlyMap<Field, number>): number {
  let at = writeVarint(field.number * 8 + field.wire, bytes, from);
  if (field.wire === 2) at = writeVarint(sizes.get(field) ?? 0, bytes, at);
  for (const part of field.parts ?? []) at = write(part, bytes, at, sizes);
  if (field.parts !== undefined) return at;
  bytes.set(field.payload ?? [], at);
  return at + (field.payload?.length ?? 0);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(value: number, bytes: Uint8Array, from: number): number {
  let at = from;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}

export function joined(...parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A whole number as protobuf writes it; below zero as 64 bits. */
export function varint(value: bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}
