const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The word that holds a float, for an argument block, which is made of 32-bit words. */
export function floatBits(value: number): number {
  float[0] = value;
  return bits[0] as number;
}
