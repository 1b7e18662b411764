// The gradient of the filter: at each point, the tiles of the input, transposed, times the tiles of the output's gradient.
import { arg } from '../args';
import { pointStep } from './filter';
import { transformTiles } from './input';
import { BLOCK_VALUES, EDGE, GAP, LINES, NR, POINTS, SQUARE, TILE, TRANSFORMED } from './layout';
import { four, six } from './outer';

/** The argument block: 32-bit words in this order. */
const X: i32 = 0;
const DY: i32 = 1;
const PARTIALS: i32 = 2;
const CHUNKS: i32 = 3;
const IMAGES: i32 = 4;
const HEIGHT: i32 = 5;
const WIDTH: i32 = 6;
const IN: i32 = 7;
const OUT_HEIGHT: i32 = 8;
const OUT_WIDTH: i32 = 9;
const CHANNELS: i32 = 10;
const TOP: i32 = 11;
const LEFT: i32 = 12;

/** A part takes whole chunks, whose number depends on the sizes alone. */
export function backFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, IN);
  const columns = arg(args, CHANNELS);
  const outHeight = arg(args, OUT_HEIGHT);
  const outWidth = arg(args, OUT_WIDTH);
  const chunks = arg(args, CHUNKS);
  const down = (outHeight + TILE - 1) / TILE;
  const across = (outWidth + TILE - 1) / TILE;
  const tiles = arg(args, IMAGES) * down * across;
  const rowA = <usize>rows << 2;
  const rowB = <usize>columns << 2;
  const most = max(1, BLOCK_VALUES / (SQUARE * (rows + columns)));
  const lines = scratch + LINES;
  const edge = scratch + EDGE;
  const a = scratch + TRANSFORMED;
  for (let chunk = part; chunk < chunks; chunk += parts) {
    const target = <usize>arg(args, PARTIALS) + <usize>(chunk * SQUARE) * pointStep(rows, columns);
    const first = <i32>((<i64>tiles * chunk) / chunks);
    const last = <i32>((<i64>tiles * (chunk + 1)) / chunks);
    for (let tile = first; tile < last; tile += most) {
      const end = min(last, tile + most);
      const stepA = <usize>(end - tile) * rowA + GAP;
      const stepB = <usize>(end - tile) * rowB + GAP;
      const b = a + <usize>SQUARE * stepA;
      transformTiles(
        <usize>arg(args, X), POINTS, arg(args, HEIGHT), arg(args, WIDTH), rowA, arg(args, TOP), arg(args, LEFT), down, across,
        tile, end, lines, edge, a, rowA, stepA,
      );
      transformTiles(
        <usize>arg(args, DY), TILE, outHeight, outWidth, rowB, 0, 0, down, across, tile, end, lines, edge, b, rowB, stepB,
      );
      for (let point = 0; point < SQUARE; point++) {
        multiply(
          a + <usize>point * stepA, rows, b + <usize>point * stepB, columns, end - tile,
          target + <usize>point * pointStep(rows, columns), tile == first,
        );
      }
    }
  }
}

/** Rows by fours until those that are left come out even by sixes: at most twice, as there are multiples of four. */
function multiply(a: usize, rows: i32, b: usize, columns: i32, depth: i32, c: usize, isFirst: bool): void {
  const rowA = <usize>rows << 2;
  const rowB = <usize>columns << 2;
  for (let column = 0; column < columns; column += NR) {
    const panelB = b + (<usize>column << 2);
    let row = 0;
    while (row < rows) {
      const panelA = a + (<usize>row << 2);
      const to = c + (<usize>(row * columns + column) << 2);
      if ((rows - row) % 6 == 0) {
        six(panelA, rowA, panelB, rowB, depth, to, isFirst);
        row += 6;
      } else {
        four(panelA, rowA, panelB, rowB, depth, to, isFirst);
        row += 4;
      }
    }
  }
}
