const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The bits of the IEEE half that is nearest to a number, of two as near the even one; infinite from 65,520 on. */
export function toHalf(value: number): number {
  float[0] = value;
  const given = word[0] as number;
  const sign = (given >>> 16) & 0x8000;
  const magnitude = given & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13);
  // Below 2⁻¹⁴ a half has no leading one of its own, and a smaller step.
  if (magnitude >= 0x33000000) return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23));
  return sign;
}

/** Numbers as the bits of IEEE halves. */
export function toHalves(data: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = toHalf(data[i] as number);
  return out;
}

/** From here up a half is infinite. */
export const HALF_LIMIT = 65520;
/** Below, halves have one step, 2⁻²⁴: that of floats from 0.5 to 1. */
const LEAST_NORMAL = 2 ** -14;
const SAME_STEP = 0.75;
/** Splits a float of 24 bits into one of 11 and the rest. */
const SPLITTER = 2 ** 13 + 1;

/**
 * The half nearest to a number, as a number; infinite from 65,520 on.
 * Source    Dekker 1971, "A floating-point technique for extending the available precision", Numer. Math. 18 (splitting)
 */
export function nearestHalf(value: number): number {
  const x = Math.fround(value);
  const size = Math.abs(x);
  if (size >= HALF_LIMIT) return x * Number.POSITIVE_INFINITY;
  if (size < LEAST_NORMAL) return Math.fround(Math.fround(x + SAME_STEP) - SAME_STEP);
  const moved = Math.fround(x * SPLITTER);
  return Math.fround(moved - Math.fround(moved - x));
}

function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const rest = value & (2 ** shift - 1);
  const floor = value >>> shift;
  return rest > half || (rest === half && (floor & 1) === 1) ? floor + 1 : floor;
}

/** The numbers of which these are the bits as halves. */
export function fromHalves(bits: ArrayLike<number>): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (half) => fromSmallFloat(half, 5, 10));
}

/** A float of one sign bit, so many bits of exponent and of fraction, as IEEE lays them out. */
export function fromSmallFloat(bits: number, exponentBits: number, fractionBits: number): number {
  const most = 2 ** exponentBits - 1;
  const bias = most >>> 1;
  const exponent = (bits >>> fractionBits) & most;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const isNegative = (bits >>> (exponentBits + fractionBits)) % 2 === 1;
  let value: number;
  if (exponent === 0) value = fraction * 2 ** (1 - bias);
  else if (exponent === most) value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  else value = (1 + fraction) * 2 ** (exponent - bias);
  return isNegative ? -value : value;
}
