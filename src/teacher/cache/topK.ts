import { HALF_LIMIT } from '../../core/halves.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import type { Codec } from './precision.ts';

/**
 * The K largest of a row: which they are, their values in the order of the row and one number for all others, in
 * float16. Which they are is told by a bit for each number of the row, or by K indices where that is shorter.
 *
 * That one number is what the others amount to: the logarithm of the sum of their exponentials, or their sum where
 * they are probabilities. They are given back as equal numbers that amount to the same.
 */
export function topKCodec(k: number, isProbabilities: boolean): Codec {
  return {
    bytesOf: (width) => placesBytes(k, width) + 2 * k + 2,
    encode(values, at, width, bytes, to) {
      const places = largest(values, at, width, k);
      const rest = isProbabilities ? sumOfRest(values, at, width, places) : logSumOfRest(values, at, width, places);
      let next = writePlaces(places, width, bytes, to);
      let cut = 0;
      for (let i = 0; i <= k; i++) {
        const number = i < k ? (values[at + (places[i] as number)] as number) : rest;
        if (Math.abs(number) >= HALF_LIMIT) cut++;
        const half = toFloat16(number);
        bytes[next++] = half;
        bytes[next++] = half >>> 8;
      }
      return cut;
    },
    decode(bytes, at, width, values, to) {
      const first = at + placesBytes(k, width);
      const rest = readHalf(bytes, first + 2 * k);
      const others = width - k;
      values.fill(isProbabilities ? rest / others : rest - Math.log(others), to, to + width);
      const places = readPlaces(bytes, at, width, k);
      for (let i = 0; i < k; i++) values[to + (places[i] as number)] = readHalf(bytes, first + 2 * i);
    },
  };
}

function readHalf(bytes: Uint8Array, at: number): number {
  return fromFloat16((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
}

/** Where the K largest are, from front to back; of equal numbers the first ones. */
function largest(values: Float32Array, at: number, width: number, k: number): Int32Array {
  // Sorted from the largest on: most numbers of a row are smaller than the last one here and pass by.
  const places = new Int32Array(k);
  let found = 0;
  for (let i = 0; i < width; i++) {
    const number = values[at + i] as number;
    if (found === k && number <= (values[at + (places[k - 1] as number)] as number)) continue;
    let place = found < k ? found++ : k - 1;
    for (; place > 0 && number > (values[at + (places[place - 1] as number)] as number); place--) {
      places[place] = places[place - 1] as number;
    }
    places[place] = i;
  }
  return places.sort();
}

function sumOfRest(values: Float32Array, at: number, width: number, places: Int32Array): number {
  let sum = 0;
  for (let i = 0, next = 0; i < width; i++) {
    if (places[next] === i) next++;
    else sum += values[at + i] as number;
  }
  return sum;
}

function logSumOfRest(values: Float32Array, at: number, width: number, places: Int32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0, next = 0; i < width; i++) {
    if (places[next] === i) next++;
    else most = Math.max(most, values[at + i] as number);
  }
  let sum = 0;
  for (let i = 0, next = 0; i < width; i++) {
    if (places[next] === i) next++;
    else sum += Math.exp((values[at + i] as number) - most);
  }
  return most + Math.log(sum);
}

/** Bytes of one index of a row. */
function indexBytes(width: number): number {
  return width <= 0x100 ? 1 : width <= 0x10000 ? 2 : 4;
}

function isMask(k: number, width: number): boolean {
  return Math.ceil(width / 8) <= k * indexBytes(width);
}

function placesBytes(k: number, width: number): number {
  return isMask(k, width) ? Math.ceil(width / 8) : k * indexBytes(width);
}

/** Gives where the next byte belongs. */
function writePlaces(places: Int32Array, width: number, bytes: Uint8Array, to: number): number {
  const end = to + placesBytes(places.length, width);
  if (isMask(places.length, width)) {
    bytes.fill(0, to, end);
    for (const place of places) bytes[to + (place >>> 3)] = (bytes[to + (place >>> 3)] as number) | (1 << (place & 7));
    return end;
  }
  let next = to;
  for (const place of places) {
    for (let shift = 0; shift < 8 * indexBytes(width); shift += 8) bytes[next++] = place >>> shift;
  }
  return end;
}

function readPlaces(bytes: Uint8Array, at: number, width: number, k: number): Int32Array {
  const places = new Int32Array(k);
  if (isMask(k, width)) {
    for (let i = 0, next = 0; i < width && next < k; i++) {
      if ((bytes[at + (i >>> 3)] as number) & (1 << (i & 7))) places[next++] = i;
    }
    return places;
  }
  const size = indexBytes(width);
  for (let i = 0; i < k; i++) {
    let place = 0;
    for (let byte = 0; byte < size; byte++) place |= (bytes[at + i * size + byte] as number) << (8 * byte);
    places[i] = place;
  }
  return places;
}
