import { fromHalves, fromSmallFloat } from '../../core/halves.ts';
import { type NumericArray, wholeNumbers } from '../../core/shape.ts';
import type { SafeTensor } from './safetensors.ts';

/** The numbers of a tensor: integers as int32 if all fit, booleans and bytes as uint8, everything else as float32. */
export function safeValues({ dtype, bytes }: SafeTensor): NumericArray {
  // Typed arrays are aligned to their element's size; a file's tensors need not be.
  const buffer = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F16':
      return fromHalves(new Uint16Array(buffer));
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    case 'F8_E5M2':
      return Float32Array.from(new Uint8Array(buffer), (bits) => fromSmallFloat(bits, 5, 2));
    case 'F8_E4M3':
      return Float32Array.from(new Uint8Array(buffer), fromE4M3);
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    case 'I16':
      return Int32Array.from(new Int16Array(buffer));
    case 'U16':
      return Int32Array.from(new Uint16Array(buffer));
    case 'U32':
      return wholeNumbers(new Uint32Array(buffer));
    case 'I64':
      return wholeNumbers(new BigInt64Array(buffer));
    case 'U64':
      return wholeNumbers(new BigUint64Array(buffer));
  }
}

/** This type has no infinity: of its largest exponent, all patterns but one are numbers. */
function fromE4M3(bits: number): number {
  const sign = bits < 0x80 ? 1 : -1;
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  return (bits & 0x78) === 0x78 ? sign * (1 + (bits & 7) / 8) * 256 : fromSmallFloat(bits, 4, 3);
}
