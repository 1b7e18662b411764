import type { NdArray } from '../../core/shape.ts';

/** The tag that says how a camera was held. */
const ORIENTATION = 0x0112;

/**
 * How a camera was held, 1 to 8, as its JPEG's Exif block says from its TIFF header on; 1, upright, where it says nothing.
 * Source    CIPA DC-008 (Exif 2.32), §4.6.4; TIFF 6.0, §2
 */
export function orientationOf(exif: Uint8Array): number {
  // Whoever cut the block out may have left zeros of its name in front.
  const start = exif.findIndex((byte) => byte === 0x49 || byte === 0x4d);
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const isLittle = view.getUint16(start) === 0x4949;
    const table = start + view.getUint32(start + 4, isLittle);
    const entries = view.getUint16(table, isLittle);
    for (let at = table + 2; at < table + 2 + 12 * entries; at += 12) {
      if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
      const value = view.getUint16(at + 8, isLittle);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch {
    // It ends before what it announces.
  }
  return 1;
}

/** An image [1, H, W, C] turned upright. */
export function upright({ data, shape }: NdArray, orientation: number): NdArray {
  const [, height = 0, width = 0, channels = 0] = shape;
  if (orientation === 1) return { data, shape };
  const isTurned = orientation >= 5;
  const [rows, columns] = isTurned ? [width, height] : [height, width];
  const out = new Uint8Array(data.length);
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isUpsideDown = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [across, down] = isTurned ? [y, x] : [x, y];
      const fromX = isMirrored ? width - 1 - across : across;
      const fromY = isUpsideDown ? height - 1 - down : down;
      const from = (fromY * width + fromX) * channels;
      for (let c = 0; c < channels; c++) out[(y * columns + x) * channels + c] = data[from + c] as number;
    }
  }
  return { data: out, shape: [1, rows, columns, channels] };
}
