import { parseJson } from '../../core/parseJson.ts';
import type { OutlineNode } from './pixelInputs.ts';

/** What an ONNX file of limbeck says of the student in it. */
export interface StudentMetadata {
  /** Names of the classes, in the order of the output. */
  readonly labels?: readonly string[];
  /** How data becomes inputs, as the file says. */
  readonly input?: unknown;
  /** The form that it was quantized to, on purpose: it gives other numbers than the student that it was made of. */
  readonly quantized?: string;
}

/** Without reading the rest of the file; what is not said, or makes no sense, is left out. */
export function studentMetadata(model: Uint8Array): StudentMetadata {
  const {
    'limbeck.labels': labels = '',
    'limbeck.input': input = '',
    'limbeck.quantized': quantized,
  } = onnxMetadata(model);
  const [names, prepared] = [parsed(labels), parsed(input)];
  return {
    ...(Array.isArray(names) && names.every((name) => typeof name === 'string') && { labels: names }),
    ...(prepared !== undefined && { input: prepared }),
    ...(quantized !== undefined && { quantized }),
  };
}

/**
 * The texts that an ONNX file says about itself, its metadata_props, without reading the rest of it. Of bytes that are no
 * ONNX file nothing is found.
 * Source    onnx.proto: ModelProto.metadata_props = 14; protobuf's wire format
 */
export function onnxMetadata(model: Uint8Array): Record<string, string> {
  const found: [string, string][] = [];
  for (const { field, bytes } of fieldsOf(model)) {
    if (field !== 14 || bytes === undefined) continue;
    const texts: Record<number, string> = {};
    for (const { field: part, bytes: text } of fieldsOf(bytes)) texts[part] = text === undefined ? '' : textOf(text);
    if (texts[1] !== undefined) found.push([texts[1], texts[2] ?? '']);
  }
  return Object.fromEntries(found);
}

/**
 * The nodes of an ONNX file, likewise.
 * Source    onnx.proto: graph = 7, node = 1 of it; input = 1, output = 2, op_type = 4, attribute = 5 of that
 */
export function onnxNodes(model: Uint8Array): OutlineNode[] {
  const graphs = [...fieldsOf(model)].filter(({ field }) => field === 7);
  const parts = graphs.flatMap(({ bytes }) => (bytes === undefined ? [] : [...fieldsOf(bytes)]));
  return parts.flatMap(({ field, bytes }) => (field === 1 && bytes !== undefined ? [nodeOf(bytes)] : []));
}

function nodeOf(node: Uint8Array): OutlineNode {
  const input: string[] = [];
  const output: string[] = [];
  let opType = '';
  let to: number | undefined;
  for (const { field, bytes } of fieldsOf(node)) {
    if (bytes === undefined) continue;
    if (field === 1) input.push(textOf(bytes));
    else if (field === 2) output.push(textOf(bytes));
    else if (field === 4) opType = textOf(bytes);
    else if (field === 5) to = toOf(bytes) ?? to;
  }
  return { opType, input, output, ...(to !== undefined && { to }) };
}

/** Of an attribute called "to": its whole number. */
function toOf(attribute: Uint8Array): number | undefined {
  const parts = [...fieldsOf(attribute)];
  const isTo = parts.some(({ field, bytes }) => field === 1 && bytes !== undefined && textOf(bytes) === 'to');
  return isTo ? parts.find(({ field }) => field === 3)?.value : undefined;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

interface Field {
  readonly field: number;
  /** Of whole numbers. */
  readonly value?: number;
  /** Of fields with a length. */
  readonly bytes?: Uint8Array;
}

/** The fields of one message; it ends where the bytes make no sense. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  /** A number in groups of seven bits, the lowest first. */
  const varint = () => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 64; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) return;
      yield { field, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else if (wire === 0) {
      yield { field, value: varint() };
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else return;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
