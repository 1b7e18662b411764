/** Numbers as the bits of IEEE halves, rounded to the nearest, to the even one of two as near. */
export function toHalves(data: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(data.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < data.length; i++) {
    float[0] = data[i] as number;
    const word = bits[0] as number;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) out[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000) out[i] = sign | roundShift(magnitude - 0x38000000, 13);
    else if (magnitude >= 0x33000000) {
      // Below 2⁻¹⁴ a half has no leading one of its own, and a smaller step.
      out[i] = sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23));
    } else out[i] = sign;
  }
  return out;
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
