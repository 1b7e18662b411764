// The door to @bufbuild/protobuf, which reads and writes ONNX's messages by their table. Fields that are not in the table are
// kept as they are.
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
import { requireModest } from './check/decodedSize.ts';
import { MESSAGES, type MessageName } from './messages.ts';

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

/**
 * Reads a message; byte fields are views of `bytes`. Throws what the library throws for bytes that are none, and a
 * RangeError for a message that takes much more room than its bytes.
 */
export function decode(name: MessageName, bytes: Uint8Array): object {
  requireModest(name, bytes);
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
