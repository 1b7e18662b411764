import { LimbeckError, messageOf } from '../core/errors.ts';
import { decode, encode, make } from './proto.ts';

/** Names and values of a message list of pairs. */
export interface OnnxPair {
  key: string;
  value: string;
}

/** A tensor inside a model. Its values stand in one of the data fields, or in a file next to the model. */
export interface OnnxTensor {
  name: string;
  dims: bigint[];
  /** A number of `DATA_TYPES`. */
  dataType: number;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: bigint[];
  doubleData: number[];
  uint64Data: bigint[];
  stringData: Uint8Array[];
  externalData: OnnxPair[];
  /** 1 where the values stand in another file. */
  dataLocation: number;
}

export interface OnnxAttribute {
  name: string;
  /** Which field counts: 1 f, 2 i, 3 s, 4 t, 5 g, 6 floats, 7 ints, 8 strings, 9 tensors, 10 graphs. */
  type: number;
  f: number;
  i: bigint;
  s: Uint8Array;
  t?: OnnxTensor;
  g?: OnnxGraph;
  floats: number[];
  ints: bigint[];
  strings: Uint8Array[];
  tensors: OnnxTensor[];
  graphs: OnnxGraph[];
}

export interface OnnxNode {
  name: string;
  opType: string;
  domain: string;
  /** Names of values; '' stands for an optional one that is left out. */
  input: string[];
  output: string[];
  attribute: OnnxAttribute[];
}

export interface OnnxDimension {
  dimValue: bigint;
  dimParam: string;
}

export interface OnnxTensorType {
  elemType: number;
  shape?: { dim: OnnxDimension[] };
}

/** A value with its type; an inner one may have none. */
export interface OnnxValue {
  name: string;
  type?: { tensorType?: OnnxTensorType };
}

export interface OnnxGraph {
  name: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  sparseInitializer: { values?: OnnxTensor }[];
  input: OnnxValue[];
  output: OnnxValue[];
  valueInfo: OnnxValue[];
}

/** An ONNX model as it is read from its file; the fields that limbeck looks at. Everything else is carried along. */
export interface OnnxModel {
  irVersion: bigint;
  producerName: string;
  producerVersion: string;
  opsetImport: { domain: string; version: bigint }[];
  metadataProps: OnnxPair[];
  functions: { name: string; domain: string; node: OnnxNode[] }[];
  graph: OnnxGraph;
}

/**
 * Reads an ONNX file. Byte fields of the result are views of `bytes`.
 * Throws    invalid-onnx: no protobuf, a truncated one, or one without a graph
 */
export function readModel(bytes: Uint8Array, name = 'model'): OnnxModel {
  let model: Partial<OnnxModel>;
  try {
    // Node's Buffer, whose slices are views, would not be copied where a copy is meant.
    model = decode('ModelProto', plainBytes(bytes)) as Partial<OnnxModel>;
  } catch (error) {
    throw new LimbeckError(
      'invalid-onnx',
      `"${name}" (${bytes.byteLength} bytes) is no ONNX file: ${messageOf(error)}. ${hintFor(bytes)}`,
      {
        details: { name, bytes: bytes.byteLength },
        cause: error,
      },
    );
  }
  if (model.graph !== undefined) return model as OnnxModel;
  throw new LimbeckError(
    'invalid-onnx',
    `"${name}" (${bytes.byteLength} bytes) holds no ONNX graph. ${hintFor(bytes)}`,
    {
      details: { name, bytes: bytes.byteLength },
    },
  );
}

/** The bytes of a model, as a file. Fields that this version does not know are written as they were read. */
export function writeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  return encode('ModelProto', model);
}

/** Makes the parts of a model, ready to be put into one: unset fields read as their zeros. */
export const onnx = {
  model: (fields: object) => make('ModelProto', fields) as OnnxModel,
  graph: (fields: object) => make('GraphProto', fields) as OnnxGraph,
  node: (fields: Partial<OnnxNode>) => make('NodeProto', fields) as OnnxNode,
  attribute: (fields: Partial<OnnxAttribute>) => make('AttributeProto', fields) as OnnxAttribute,
  tensor: (fields: Partial<OnnxTensor>) => make('TensorProto', fields) as OnnxTensor,
  value: (fields: object) => make('ValueInfoProto', fields) as OnnxValue,
};

/** Another message with the same fields; unset ones stay unset. A spread would lose those. */
export function copyOf<T extends object>(message: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object), message) as T;
}

function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hintFor(bytes: Uint8Array): string {
  const isText = bytes[0] === 0x3c || bytes[0] === 0x7b;
  return isText
    ? 'It looks like a web page or JSON: check the address it came from.'
    : 'Check that the file is whole and was exported as ONNX.';
}
