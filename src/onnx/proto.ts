// The door to @bufbuild/protobuf, and ONNX's messages as the table from which it reads and writes them. Fields that are
// not in the table are kept as they are. Source: the field numbers of onnx.proto, IR version 10.
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  isFieldSet,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/** One field a name: its number and type; `[]` repeats it, `packed` packs its numbers into one run of bytes. */
const MESSAGES = {
  ModelProto: {
    ir_version: '1 int64',
    producer_name: '2 string',
    producer_version: '3 string',
    domain: '4 string',
    model_version: '5 int64',
    doc_string: '6 string',
    graph: '7 GraphProto',
    opset_import: '8 OperatorSetIdProto[]',
    metadata_props: '14 StringStringEntryProto[]',
    training_info: '20 TrainingInfoProto[]',
    functions: '25 FunctionProto[]',
  },
  GraphProto: {
    node: '1 NodeProto[]',
    name: '2 string',
    initializer: '5 TensorProto[]',
    doc_string: '10 string',
    input: '11 ValueInfoProto[]',
    output: '12 ValueInfoProto[]',
    value_info: '13 ValueInfoProto[]',
    quantization_annotation: '14 TensorAnnotation[]',
    sparse_initializer: '15 SparseTensorProto[]',
    metadata_props: '16 StringStringEntryProto[]',
  },
  NodeProto: {
    input: '1 string[]',
    output: '2 string[]',
    name: '3 string',
    op_type: '4 string',
    attribute: '5 AttributeProto[]',
    doc_string: '6 string',
    domain: '7 string',
    overload: '8 string',
    metadata_props: '9 StringStringEntryProto[]',
  },
  AttributeProto: {
    name: '1 string',
    f: '2 float',
    i: '3 int64',
    s: '4 bytes',
    t: '5 TensorProto',
    g: '6 GraphProto',
    floats: '7 float[]',
    ints: '8 int64[]',
    strings: '9 bytes[]',
    tensors: '10 TensorProto[]',
    graphs: '11 GraphProto[]',
    doc_string: '13 string',
    tp: '14 TypeProto',
    type_protos: '15 TypeProto[]',
    type: '20 int32',
    ref_attr_name: '21 string',
    sparse_tensor: '22 SparseTensorProto',
    sparse_tensors: '23 SparseTensorProto[]',
  },
  TensorProto: {
    dims: '1 int64[]',
    data_type: '2 int32',
    segment: '3 Segment',
    float_data: '4 float[] packed',
    int32_data: '5 int32[] packed',
    string_data: '6 bytes[]',
    int64_data: '7 int64[] packed',
    name: '8 string',
    raw_data: '9 bytes',
    double_data: '10 double[] packed',
    uint64_data: '11 uint64[] packed',
    doc_string: '12 string',
    external_data: '13 StringStringEntryProto[]',
    data_location: '14 int32',
    metadata_props: '16 StringStringEntryProto[]',
  },
  Segment: { begin: '1 int64', end: '2 int64' },
  SparseTensorProto: { values: '1 TensorProto', indices: '2 TensorProto', dims: '3 int64[]' },
  ValueInfoProto: {
    name: '1 string',
    type: '2 TypeProto',
    doc_string: '3 string',
    metadata_props: '4 StringStringEntryProto[]',
  },
  TypeProto: {
    tensor_type: '1 TensorType',
    sequence_type: '4 ElementType',
    map_type: '5 MapType',
    denotation: '6 string',
    opaque_type: '7 OpaqueType',
    sparse_tensor_type: '8 TensorType',
    optional_type: '9 ElementType',
  },
  TensorType: { elem_type: '1 int32', shape: '2 TensorShapeProto' },
  ElementType: { elem_type: '1 TypeProto' },
  MapType: { key_type: '1 int32', value_type: '2 TypeProto' },
  OpaqueType: { domain: '1 string', name: '2 string' },
  TensorShapeProto: { dim: '1 Dimension[]' },
  Dimension: { dim_value: '1 int64', dim_param: '2 string', denotation: '3 string' },
  OperatorSetIdProto: { domain: '1 string', version: '2 int64' },
  StringStringEntryProto: { key: '1 string', value: '2 string' },
  TensorAnnotation: { tensor_name: '1 string', quant_parameter_tensor_names: '2 StringStringEntryProto[]' },
  TrainingInfoProto: {
    initialization: '1 GraphProto',
    algorithm: '2 GraphProto',
    initialization_binding: '3 StringStringEntryProto[]',
    update_binding: '4 StringStringEntryProto[]',
  },
  FunctionProto: {
    name: '1 string',
    input: '4 string[]',
    output: '5 string[]',
    attribute: '6 string[]',
    node: '7 NodeProto[]',
    doc_string: '8 string',
    opset_import: '9 OperatorSetIdProto[]',
    domain: '10 string',
    attribute_proto: '11 AttributeProto[]',
    value_info: '12 ValueInfoProto[]',
    overload: '13 string',
    metadata_props: '14 StringStringEntryProto[]',
  },
} as const;

export type MessageName = keyof typeof MESSAGES;

const SCALARS = {
  double: FieldDescriptorProto_Type.DOUBLE,
  float: FieldDescriptorProto_Type.FLOAT,
  int64: FieldDescriptorProto_Type.INT64,
  uint64: FieldDescriptorProto_Type.UINT64,
  int32: FieldDescriptorProto_Type.INT32,
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
};

function fieldOf(name: string, spec: string): FieldDescriptorProto {
  const [number = '', typeName = '', packing] = spec.split(' ');
  const isRepeated = typeName.endsWith('[]');
  const type = typeName.replace('[]', '');
  const scalar = SCALARS[type as keyof typeof SCALARS] as FieldDescriptorProto_Type | undefined;
  return create(FieldDescriptorProtoSchema, {
    name,
    number: Number(number),
    label: isRepeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    type: scalar ?? FieldDescriptorProto_Type.MESSAGE,
    ...(scalar === undefined && { typeName: `.onnx.${type}` }),
    ...(packing === 'packed' && { options: create(FieldOptionsSchema, { packed: true }) }),
  });
}

function messageOf([name, fields]: [string, Readonly<Record<string, string>>]): DescriptorProto {
  const field = Object.entries(fields).map(([fieldName, spec]) => fieldOf(fieldName, spec));
  return create(DescriptorProtoSchema, { name, field });
}

let registry: ReturnType<typeof createFileRegistry> | undefined;

function descriptor(name: MessageName): DescMessage {
  registry ??= createFileRegistry(
    create(FileDescriptorProtoSchema, {
      name: 'onnx.proto',
      package: 'onnx',
      syntax: 'proto2',
      messageType: Object.entries(MESSAGES).map(messageOf),
    }),
    () => undefined,
  );
  return registry.getMessage(`onnx.${name}`) as DescMessage;
}

/** Reads a message; byte fields are views of `bytes`. Throws what the library throws for bytes that are none. */
export function decode(name: MessageName, bytes: Uint8Array): object {
  return fromBinary(descriptor(name), bytes);
}

/** The bytes of a message that `decode` or `make` gave. */
export function encode(name: MessageName, message: object): Uint8Array<ArrayBuffer> {
  return toBinary(descriptor(name), message as Message);
}

/** A message with these fields, messages inside as plain objects. */
export function make(name: MessageName, fields: object): object {
  return create(descriptor(name), fields as Record<string, unknown>);
}

/** Whether an optional field is there; where it is not, reading it gives its zero. `field` in camelCase. */
export function has(name: MessageName, message: object, field: string): boolean {
  const desc = descriptor(name).field[field];
  return desc !== undefined && isFieldSet(message as Message, desc);
}
