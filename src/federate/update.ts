import { LimbeckError, messageOf } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { dtypeOf, firstNonFinite, formatShape, isSameShape, type NamedArrays, type Shapes } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import type { SafeDtype, SafeTensor } from '../student/safetensors/safetensors.ts';
import { safeValues } from '../student/safetensors/safeValues.ts';
import { readSealed, writeSealed } from '../student/safetensors/sealedFile.ts';
import { isKeyPart } from './transport.ts';

/** What an update holds: all weights that are shared, a change of a few of them, or answers on the public examples. */
export type UpdateKind = 'weights' | 'patch' | 'answers';

/** What one client sends in one round. */
export interface Update {
  readonly federation: string;
  /** From 1. */
  readonly round: number;
  readonly client: string;
  /** SHA-256 of what the round began with, as its object is called. */
  readonly base: string;
  readonly kind: UpdateKind;
  /** How `values` were made smaller or hidden: 'plain', or the name of an `Encoding`. */
  readonly encoding: string;
  /** How many examples the client has learned from; what its values weigh. */
  readonly examples: number;
  /** Float32, or what the encoding makes of it: int32 and bytes too. */
  readonly values: NamedArrays;
}

/** Why an update does not count. */
export type RejectReason =
  /** No update file, another version, a changed byte, names or shapes that are not those of the federation. */
  | 'malformed'
  /** More bytes or more examples than are accepted. */
  | 'oversized'
  /** A value that is NaN or infinite. */
  | 'not-finite'
  /** Made for another round, or from something else than the round began with. */
  | 'replayed'
  /** Of another federation, or of another client than the one that sent it. */
  | 'foreign'
  /** Not signed by the device that it names. */
  | 'unsigned'
  /** Sound, but too far from the others, or harmful on the public examples. */
  | 'outlier'
  /** Named, but not there. */
  | 'missing';

/** What an update must be to count. */
export interface Expected extends Pick<Update, 'federation' | 'round' | 'client' | 'base' | 'kind' | 'encoding'> {
  readonly mostBytes: number;
  readonly mostExamples: number;
}

/** How values travel, if not as they are. One object serves one client: it may remember what it left out. */
export interface Encoding {
  /** Part of a key: `Update.encoding`. */
  readonly name: string;
  /** `before` is what the round began with, for encodings that send changes. */
  encode(values: NamedArrays, before: NamedArrays): NamedArrays | Promise<NamedArrays>;
  /**
   * The values again, with the names and shapes of `shapes`; what comes from elsewhere is checked before memory is taken.
   * Throws    update-invalid (`rejected`)
   */
  decode(values: NamedArrays, shapes: Shapes, before: NamedArrays): NamedArrays | Promise<NamedArrays>;
}

/** How devices vouch for their updates; the receipt carries the signature. */
export interface UpdateSignatures {
  /** A text of at most 1,000 letters. */
  sign(update: Pick<Update, 'federation' | 'round' | 'client'> & { readonly hash: string }): Promise<string>;
  /** Throws    update-invalid (`rejected`) */
  check(
    update: Pick<Update, 'federation' | 'round' | 'client'> & { readonly hash: string },
    signature: string | undefined,
  ): Promise<void>;
}

const FORM = { format: 'limbeck-update', version: '1' };
const KINDS: readonly string[] = ['weights', 'patch', 'answers'] satisfies readonly UpdateKind[];
const DTYPES = { float32: 'F32', int32: 'I32', uint8: 'U8' } as const satisfies Record<string, SafeDtype>;

/** The error of an update that does not count; `details.why` is the reason. */
export function rejected(why: RejectReason, client: string, what: string, cause?: unknown): LimbeckError {
  return new LimbeckError('update-invalid', `The update of "${client}" does not count: ${what}.`, {
    details: { why, client },
    cause,
  });
}

/**
 * An update as a safetensors file, which holds the SHA-256 of its bytes. The same update gives the same bytes, so who repeats a
 * client's step can compare their hash.
 * Throws    invalid-option: the name of a client or an encoding of another form
 */
export function updateToBytes(update: Update): Promise<Uint8Array<ArrayBuffer>> {
  const { federation, round, client, base, kind, encoding, examples, values } = update;
  for (const [name, part] of Object.entries({ federation, client, encoding })) {
    if (isKeyPart(part)) continue;
    throw new LimbeckError(
      'invalid-option',
      `"${name}" was ${JSON.stringify(part)}; it must be 1 to 128 letters, digits, "_" and "-".`,
    );
  }
  const tensors = new Map(
    Object.entries(values).map(([name, { data, shape }]): [string, SafeTensor] => [
      name,
      {
        dtype: DTYPES[dtypeOf(data)],
        shape,
        bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      },
    ]),
  );
  const numbers = { round: String(round), examples: String(examples) };
  return writeSealed({ tensors, metadata: { federation, client, base, kind, encoding, ...numbers } }, FORM);
}

/** What an update's object is called: the SHA-256 of its bytes. */
export const updateHash: (bytes: Uint8Array) => Promise<string> = sha256;

/**
 * Reads an update that came from anywhere. Nothing of it is believed: its bytes are counted before they are read, its hash covers
 * every byte, it must say what is expected, and all of its values are finite. Names and shapes are checked by `checkValues`,
 * when they are decoded.
 * Throws    update-invalid, with `details.why`
 */
export async function updateFromBytes(bytes: Uint8Array, expected: Expected): Promise<Update> {
  const { client } = expected;
  if (!isTagged(bytes, 'Uint8Array')) throw rejected('malformed', client, 'it is no bytes');
  if (bytes.length > expected.mostBytes) {
    throw rejected('oversized', client, `it has ${bytes.length} bytes, and at most ${expected.mostBytes} are read`);
  }
  const update = await parse(bytes, client);
  for (const name of ['federation', 'client'] as const) {
    if (update[name] === expected[name]) continue;
    throw rejected('foreign', client, `its ${name} is "${update[name]}" and not "${expected[name]}"`);
  }
  for (const name of ['round', 'base'] as const) {
    if (update[name] === expected[name]) continue;
    throw rejected('replayed', client, `its ${name} is ${update[name]} and not ${expected[name]}`);
  }
  for (const name of ['kind', 'encoding'] as const) {
    if (update[name] === expected[name]) continue;
    throw rejected('malformed', client, `its ${name} is "${update[name]}" and not "${expected[name]}"`);
  }
  if (update.examples > expected.mostExamples) {
    throw rejected(
      'oversized',
      client,
      `it claims ${update.examples} examples; at most ${expected.mostExamples} count`,
    );
  }
  for (const [name, { data }] of Object.entries(update.values)) {
    const at = firstNonFinite(data);
    if (at >= 0) throw rejected('not-finite', client, `"${name}" holds ${data[at]}`);
  }
  return update;
}

/**
 * Returns values if they are float32, finite, and have exactly these names and shapes; a length of null is free.
 * Throws    update-invalid: malformed · not-finite
 */
export function checkValues(values: NamedArrays, shapes: Shapes, client: string): NamedArrays {
  const extra = Object.keys(values).find((name) => !Object.hasOwn(shapes, name));
  if (extra !== undefined)
    throw rejected('malformed', client, `it holds "${extra}", which the federation does not share`);
  for (const [name, shape] of Object.entries(shapes)) {
    const array = Object.hasOwn(values, name) ? values[name] : undefined;
    if (array === undefined) throw rejected('malformed', client, `"${name}" is missing`);
    if (dtypeOf(array.data) !== 'float32' || !isSameShape(array.shape, shape)) {
      const needed = `float32 ${formatShape(shape)}`;
      throw rejected(
        'malformed',
        client,
        `"${name}" is ${dtypeOf(array.data)} ${formatShape(array.shape)}, not ${needed}`,
      );
    }
    const at = firstNonFinite(array.data);
    if (at >= 0) throw rejected('not-finite', client, `"${name}" holds ${array.data[at]}`);
  }
  return values;
}

async function parse(bytes: Uint8Array, client: string): Promise<Update> {
  const malformed = (why: string, cause?: unknown) => rejected('malformed', client, why, cause);
  const file = await readSealed(bytes, FORM, malformed).catch((error: unknown): never => {
    if (error instanceof LimbeckError && error.code === 'update-invalid') throw error;
    throw malformed(messageOf(error), error);
  });
  const { federation, client: sender, base, kind, encoding, round, examples, ...others } = file.metadata;
  const known = ['format', 'formatVersion', 'sha256'];
  const extra = Object.keys(others).find((name) => !known.includes(name));
  if (extra !== undefined) throw malformed(`its metadata holds "${extra}"`);
  if (!isKeyPart(federation) || !isKeyPart(sender) || !isKeyPart(encoding))
    throw malformed('a name of it has another form');
  if (base === undefined || !/^[0-9a-f]{64}$/.test(base)) throw malformed('its base is no SHA-256');
  if (kind === undefined || !KINDS.includes(kind)) throw malformed(`it is of the kind ${JSON.stringify(kind)}`);
  const numbers = { round: wholeOf(round), examples: wholeOf(examples) };
  if (numbers.round === undefined || numbers.examples === undefined)
    throw malformed('its round or its examples are no count');
  const values = Object.create(null) as Record<string, NamedArrays[string]>;
  for (const [name, tensor] of file.tensors) {
    const isKnown = Object.values(DTYPES).some((dtype) => dtype === tensor.dtype);
    if (!isKnown) throw malformed(`"${name}" is of the type ${tensor.dtype}`);
    values[name] = { data: safeValues(tensor), shape: tensor.shape };
  }
  return {
    ...{ federation, client: sender, base, kind: kind as UpdateKind, encoding, values },
    ...{ round: numbers.round, examples: numbers.examples },
  };
}

/** A whole number of 1 or more, written as numbers are. */
function wholeOf(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= 1 && String(number) === text ? number : undefined;
}
