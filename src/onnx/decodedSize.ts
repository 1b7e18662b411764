// What a message will take in memory, told from its bytes before it is read: two bytes may be an empty node, which takes 230.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MESSAGES, type MessageName } from './messages.ts';

/** Bytes in memory, as V8 holds them: of a message, of each list in it, of a view of bytes, of a whole number of 64 bits … */
const COST = { message: 60, list: 40, view: 100, bigint: 32, unknown: 150 } as const;
/** What every file may take, and above it so many bytes for each of its own. Real models stay below 20. */
const FREE_BYTES = 64 * 2 ** 20;
const MOST_GROWTH = 32;
/** Deeper messages are refused by the library. */
const MOST_DEPTH = 100;

interface FieldPlan {
  readonly type: string;
  readonly isList: boolean;
  /** The message that it holds; undefined for a value. */
  readonly inner: MessagePlan | undefined;
}

interface MessagePlan {
  readonly cost: number;
  readonly fields: ReadonlyMap<number, FieldPlan>;
}

/** Throws    RangeError: the message would take more room than a file of its length may · Error: bytes that are none */
export function requireModest(name: MessageName, bytes: Uint8Array): void {
  const most = Math.max(FREE_BYTES, MOST_GROWTH * bytes.length);
  if (decodedBytes(name, bytes, most) <= most) return;
  throw new RangeError(`its parts would take more than ${most} bytes of memory, as if made to fill it`);
}

/** Bytes that a message takes once it is read, at least; it stops counting above `most`. */
export function decodedBytes(name: MessageName, bytes: Uint8Array, most = Number.POSITIVE_INFINITY): number {
  const reader = new BinaryReader(bytes);
  let spent = 0;
  // Every step reads as the library does, right or wrong, so that both see the same fields.
  const walk = ({ cost, fields }: MessagePlan, end: number, depth: number): void => {
    spent += cost;
    if (depth > MOST_DEPTH) throw new Error(`messages lie in each other more than ${MOST_DEPTH} deep`);
    while (reader.pos < end && spent <= most) {
      const [number, wire] = reader.tag();
      const field = fields.get(number);
      if (field === undefined) {
        spent += COST.unknown;
        if (wire === WireType.LengthDelimited) pass(reader, reader.uint32());
        else reader.skip(wire, number);
      } else if (field.inner !== undefined) {
        const length = reader.uint32();
        walk(field.inner, reader.pos + length, depth + 1);
      } else spent += passValues(reader, field, wire);
    }
  };
  walk(planOf(name), bytes.length, 1);
  return spent;
}

/** Goes past a value, or a run of them; gives what they take beside what their field takes anyway. */
function passValues(reader: BinaryReader, { type, isList }: FieldPlan, wire: WireType): number {
  if (type === 'string' || type === 'bytes') {
    pass(reader, reader.uint32());
    return type === 'bytes' ? COST.view : 0;
  }
  const each = type.endsWith('int64') ? COST.bigint : 0;
  const width = { float: 4, double: 8 }[type];
  if (!isList || wire !== WireType.LengthDelimited) {
    passValue(reader, width);
    return each;
  }
  const length = reader.uint32();
  const end = reader.pos + length;
  if (width !== undefined) {
    pass(reader, Math.ceil(length / width) * width);
    return 0;
  }
  let count = 0;
  for (; reader.pos < end; count++) passValue(reader, undefined);
  return count * each;
}

function passValue(reader: BinaryReader, width: number | undefined): void {
  if (width === undefined) reader.uint32();
  else pass(reader, width);
}

function pass(reader: BinaryReader, length: number): void {
  reader.pos += length;
  if (reader.pos > reader.len) throw new RangeError('premature EOF');
}

const plans = new Map<MessageName, MessagePlan>();

function planOf(name: MessageName): MessagePlan {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const fields = new Map<number, FieldPlan>();
  const specs: readonly string[] = Object.values(MESSAGES[name]);
  const lists = specs.filter((spec) => spec.includes('[]')).length;
  const plan: MessagePlan = { cost: COST.message + COST.list * lists, fields };
  // Kept first: messages hold each other.
  plans.set(name, plan);
  for (const spec of specs) {
    const [number, typeName = ''] = spec.split(' ');
    const type = typeName.replace('[]', '');
    const inner = Object.hasOwn(MESSAGES, type) ? planOf(type as MessageName) : undefined;
    fields.set(Number(number), { type, isList: typeName.endsWith('[]'), inner });
  }
  return plan;
}
