// Tiles of images at the points: [point][tile][channel].
import { POINTS, TILE } from './layout';
import { gradientLine, inputLine } from './lines';

/** Between two lines of a tile while it is transformed. */
const LINE: usize = <usize>POINTS << 4;

/**
 * Transforms tiles [first, last). Pixels outside the image are zero: a tile that reaches there is copied to `edge` before.
 * @param extent pixels of a tile along an axis: 6 of an input, or 4 of an output's gradient
 * @param size bytes of a pixel
 * @param row bytes between two tiles of a point
 * @param step bytes between two points
 */
export function transformTiles(
  x: usize, extent: i32, height: i32, width: i32, size: usize, top: i32, left: i32, down: i32, across: i32,
  first: i32, last: i32, lines: usize, edge: usize, out: usize, row: usize, step: usize,
): void {
  let column = first % across;
  let line = (first / across) % down;
  let image = x + <usize>(first / across / down) * <usize>(height * width) * size;
  for (let tile = first; tile < last; tile++) {
    const y0 = line * TILE - top;
    const x0 = column * TILE - left;
    let from = image + <usize>(y0 * width + x0) * size;
    let below = <usize>width * size;
    if (y0 < 0 || x0 < 0 || y0 + extent > height || x0 + extent > width) {
      copyEdge(image, extent, height, width, size, y0, x0, edge);
      from = edge;
      below = <usize>extent * size;
    }
    for (let c: usize = 0; c < size; c += 16) {
      let to = out + c;
      if (extent == TILE) {
        for (let j: usize = 0; j < <usize>TILE; j++) gradientLine(from + j * size + c, below, lines + (j << 4), LINE);
        for (let i: usize = 0; i < <usize>POINTS; i++) {
          gradientLine(lines + i * LINE, 16, to, step);
          to += <usize>POINTS * step;
        }
        continue;
      }
      for (let j: usize = 0; j < <usize>POINTS; j++) inputLine(from + j * size + c, below, lines + (j << 4), LINE);
      for (let i: usize = 0; i < <usize>POINTS; i++) {
        inputLine(lines + i * LINE, 16, to, step);
        to += <usize>POINTS * step;
      }
    }
    out += row;
    if (++column == across) {
      column = 0;
      if (++line == down) {
        line = 0;
        image += <usize>(height * width) * size;
      }
    }
  }
}

/** The pixels of a tile that lie in the image, and zeros around them. */
function copyEdge(image: usize, extent: i32, height: i32, width: i32, size: usize, y0: i32, x0: i32, edge: usize): void {
  memory.fill(edge, 0, <usize>(extent * extent) * size);
  const firstRow = max(0, -y0);
  const lastRow = min(extent, height - y0);
  const firstColumn = max(0, -x0);
  const count = min(extent, width - x0) - firstColumn;
  if (count <= 0) return;
  for (let r = firstRow; r < lastRow; r++) {
    const from = image + <usize>((y0 + r) * width + x0 + firstColumn) * size;
    memory.copy(edge + <usize>(r * extent + firstColumn) * size, from, <usize>count * size);
  }
}
