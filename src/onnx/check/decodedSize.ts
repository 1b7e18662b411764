// What a message will take in memory, told from its bytes before it is read: two bytes may be an empty node, which takes 230.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MESSAGES, type MessageName } from '../messages.ts';

/** Bytes in memory, as V8 holds them: of a message, of each list in it, of a view of bytes, of a whole number of 64 bits … */
const COST = { message: 60, list: 40, view: 100, bigint: 32, unknown: 150 } as const;
/** What every file may take, and above it so many bytes for each of its own. Real models stay below 20. */
const FREE_BYTES = 64 * 2 ** 20;
const MOST_GROWTH = 32;
/** What no file may take beyond its own length. Models of tens of thousands of nodes stay below 100 MB. */
const MOST_BYTES = 512 * 2 ** 20;
/** Deeper messages are refused by the library. */
const MOST_DEPTH = 100;
/** How often a field may stand in one message where its values become arguments of a call, which an engine bounds. */
const MOST_OFTEN: Readonly<Record<string, number>> = { input: 10_000, output: 10_000, dims: 255, dim: 255 };

interface FieldPlan {
  readonly name: string;
  readonly type: string;
  readonly isList: boolean;
  /** The message that it holds; undefined for a value. */
  readonly inner: MessagePlan | undefined;
}

interface MessagePlan {
  readonly cost: number;
  readonly fields: ReadonlyMap<number, FieldPlan>;
  readonly mostOften: ReadonlyMap<FieldPlan, number>;
}

/** Throws    RangeError: the message would take more room than a file of its length may, or than any · Error: bytes that are none */
export function requireModest(name: MessageName, bytes: Uint8Array): void {
  const most = Math.min(Math.max(FREE_BYTES, MOST_GROWTH * bytes.length), MOST_BYTES + bytes.length);
  if (decodedBytes(name, bytes, most) <= most) return;
  throw new RangeError(`its parts would take more than ${most} bytes of memory, as if made to fill it`);
}

/** Bytes that a message takes once it is read, at least; it stops counting above `most`. */
export function decodedBytes(name: MessageName, bytes: Uint8Array, most = Number.POSITIVE_INFINITY): number {
  const reader = new BinaryReader(bytes);
  let spent = 0;
  // Every step reads as the library does, right or wrong, so that both see the same fields.
  const walk = ({ cost, fields, mostOften }: MessagePlan, end: number, depth: number): void => {
    spent += cost;
    if (depth > MOST_DEPTH) throw new Error(`messages lie in each other more than ${MOST_DEPTH} deep`);
    let often = 0;
    while (reader.pos < end && spent <= most) {
      const [number, wire] = reader.tag();
      const field = fields.get(number);
      if (field === undefined) {
        spent += COST.unknown;
        if (wire === WireType.LengthDelimited) pass(reader, reader.uint32());
        else reader.skip(wire, number);
        continue;
      }
      let count = 1;
      if (field.inner !== undefined) {
        const length = reader.uint32();
        walk(field.inner, reader.pos + length, depth + 1);
      } else {
        count = passValues(reader, field, wire);
        spent += count * costOf(field.type);
      }
      const bound = mostOften.get(field);
      if (bound === undefined) continue;
      often += count;
      if (often > bound) throw new RangeError(`more than ${bound} "${field.name}" stand in one place`);
    }
  };
  walk(planOf(name), bytes.length, 1);
  return spent;
}

/** Goes past a value, or a run of them; tells how many. */
function passValues(reader: BinaryReader, { type, isList }: FieldPlan, wire: WireType): number {
  const width = { float: 4, double: 8 }[type];
  if (type === 'string' || type === 'bytes') pass(reader, reader.uint32());
  else if (isList && wire === WireType.LengthDelimited) {
    const length = reader.uint32();
    const end = reader.pos + length;
    let count = 0;
    for (; reader.pos < end; count++) passNumber(reader, width);
    return count;
  } else passNumber(reader, width);
  return 1;
}

/** What a value takes in addition to its place in the message. */
function costOf(type: string): number {
  if (type === 'bytes') return COST.view;
  return type.endsWith('int64') ? COST.bigint : 0;
}

function passNumber(reader: BinaryReader, width: number | undefined): void {
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
  const mostOften = new Map<FieldPlan, number>();
  const specs = Object.entries(MESSAGES[name]) as readonly [string, string][];
  const lists = specs.filter(([, spec]) => spec.includes('[]')).length;
  const plan: MessagePlan = { cost: COST.message + COST.list * lists, fields, mostOften };
  // Kept first: messages hold each other.
  plans.set(name, plan);
  for (const [fieldName, spec] of specs) {
    const [number, typeName = ''] = spec.split(' ');
    const type = typeName.replace('[]', '');
    const inner = Object.hasOwn(MESSAGES, type) ? planOf(type as MessageName) : undefined;
    const field = { name: fieldName, type, isList: typeName.endsWith('[]'), inner };
    fields.set(Number(number), field);
    const bound = name === 'GraphProto' ? undefined : MOST_OFTEN[fieldName];
    if (bound !== undefined) mostOften.set(field, bound);
  }
  return plan;
}
