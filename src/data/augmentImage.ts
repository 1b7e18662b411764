import type { Random } from '../core/random.ts';
import type { NumericArray } from '../core/shape.ts';

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How an image is placed: mirrored, scaled, sheared and rotated about its centre, then moved. y points down. */
export interface Placement {
  /** Pixels. */
  readonly right: number;
  readonly down: number;
  readonly radians: number;
  /** A factor above 0. */
  readonly size: number;
  /** Pixels to the right for each pixel down. */
  readonly lean: number;
  readonly mirrorsX: boolean;
  readonly mirrorsY: boolean;
}

export function isIdentity({ right, down, radians, size, lean, mirrorsX, mirrorsY }: Placement): boolean {
  return right === 0 && down === 0 && radians === 0 && size === 1 && lean === 0 && !mirrorsX && !mirrorsY;
}

/**
 * Draws one image into another at a new place, by bilinear interpolation. Pixels outside the source are `fill`.
 * Shapes    from, to [H, W, C]
 */
export function placeImage(
  from: NumericArray,
  to: Float32Array,
  { height, width, channels }: ImageShape,
  placement: Placement,
  fill: number,
): void {
  const { right, down } = placement;
  const [xx, xy, yx, yy] = backwards(placement);
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const row = width * channels;
  const read = (y: number, x: number, c: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? fill : (from[y * row + x * channels + c] as number);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const dy = y - middleY - down;
    let sourceX = xx * (-middleX - right) + xy * dy + middleX;
    let sourceY = yx * (-middleX - right) + yy * dy + middleY;
    for (let x = 0; x < width; x++, sourceX += xx, sourceY += yx) {
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const partX = sourceX - left;
      const partY = sourceY - top;
      if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
        let p = top * row + left * channels;
        for (let c = 0; c < channels; c++, p++) {
          const upper = mix(from[p] as number, from[p + channels] as number, partX);
          const lower = mix(from[p + row] as number, from[p + row + channels] as number, partX);
          to[at++] = mix(upper, lower, partY);
        }
      } else {
        for (let c = 0; c < channels; c++) {
          const upper = mix(read(top, left, c), read(top, left + 1, c), partX);
          const lower = mix(read(top + 1, left, c), read(top + 1, left + 1, c), partX);
          to[at++] = mix(upper, lower, partY);
        }
      }
    }
  }
}

function mix(a: number, b: number, part: number): number {
  return a + (b - a) * part;
}

/** Maps a place in the result to one in the source, about the centre: (turn · lean · size · mirror)⁻¹, row by row. */
function backwards({ radians, size, lean, mirrorsX, mirrorsY }: Placement): [number, number, number, number] {
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const [x, y] = [(mirrorsX ? -1 : 1) / size, (mirrorsY ? -1 : 1) / size];
  return [x * (cos + lean * sin), x * (sin - lean * cos), -y * sin, y * cos];
}

/** Fills one square whose centre may be anywhere in the image, so part of it may lie outside. */
export function cutOut(
  values: Float32Array,
  { height, width, channels }: ImageShape,
  side: number,
  fill: number,
  random: Random,
): void {
  const top = Math.floor(random() * height) - (side >> 1);
  const left = Math.floor(random() * width) - (side >> 1);
  const end = Math.min(width, left + side);
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    const start = y * width + Math.max(0, left);
    values.fill(fill, start * channels, (y * width + end) * channels);
  }
}
