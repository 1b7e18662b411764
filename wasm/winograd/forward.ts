// The convolution: tiles at the points, one product for each, and back.
import { arg } from '../args';
import { rowStart } from '../range';
import { transformTiles } from './input';
import { blockTiles, EDGE, GAP, LINES, MR, NR, panelStep, POINTS, PRODUCTS, SQUARE, TILE, TRANSFORMED } from './layout';
import { product } from './micro';
import { outputTile } from './output';

/** The argument block: 32-bit words in this order. */
const X: i32 = 0;
const TRANSFORMED_FILTER: i32 = 1;
const OUT: i32 = 2;
const BIAS: i32 = 3;
const ACTIVATION: i32 = 4;
const IMAGES: i32 = 5;
const HEIGHT: i32 = 6;
const WIDTH: i32 = 7;
const IN: i32 = 8;
const OUT_HEIGHT: i32 = 9;
const OUT_WIDTH: i32 = 10;
const CHANNELS: i32 = 11;
const TOP: i32 = 12;
const LEFT: i32 = 13;
const CURVE: usize = 14 << 2;

/** So many products are added in a row; sums of such sums have smaller errors, at no cost in time. */
const DEPTH_BLOCK: i32 = 16;

/** A part is a run of tiles. Every tile is computed by itself, so neither parts nor blocks change a bit. */
export function forward(args: usize, scratch: usize, part: i32, parts: i32): void {
  const depth = arg(args, IN);
  const down = (arg(args, OUT_HEIGHT) + TILE - 1) / TILE;
  const across = (arg(args, OUT_WIDTH) + TILE - 1) / TILE;
  const tiles = arg(args, IMAGES) * down * across;
  const first = rowStart(tiles, part, parts);
  const last = rowStart(tiles, part + 1, parts);
  const stride = depth <= 16 ? 16 : depth <= 32 ? 32 : depth <= 64 ? 64 : depth <= 128 ? 128 : 256;
  const row = <usize>stride << 2;
  const block = blockTiles(last - first, stride);
  const step = <usize>block * row + GAP;
  const transformed = scratch + TRANSFORMED;
  for (let tile = first; tile < last; tile += block) {
    const end = min(last, tile + block);
    transformTiles(
      <usize>arg(args, X), POINTS, arg(args, HEIGHT), arg(args, WIDTH), <usize>depth << 2, arg(args, TOP), arg(args, LEFT), down, across,
      tile, end, scratch + LINES, scratch + EDGE, transformed, row, step,
    );
    const panels = (end - tile + MR - 1) / MR;
    for (let column = 0; column < arg(args, CHANNELS); column += NR) {
      const panelB = <usize>arg(args, TRANSFORMED_FILTER) + <usize>(column / NR) * SQUARE * panelStep(depth);
      multiply(transformed, row, step, panelB, depth, panels, scratch + PRODUCTS);
      writeTiles(args, scratch, tile, end, down, across, column);
    }
  }
}

function multiply(a: usize, row: usize, step: usize, b: usize, depth: i32, panels: i32, out: usize): void {
  for (let point = 0; point < SQUARE; point++) {
    let panel = a;
    let to = out;
    for (let i = 0; i < panels; i++) {
      for (let d = 0; d < depth; d += DEPTH_BLOCK) {
        const from = panel + (<usize>d << 2);
        const panelB = b + (<usize>(d * NR) << 2);
        const count = min(DEPTH_BLOCK, depth - d);
        if (row == 64) product<i8>(from, panelB, count, to, d == 0);
        else if (row == 128) product<i16>(from, panelB, count, to, d == 0);
        else if (row == 256) product<i32>(from, panelB, count, to, d == 0);
        else if (row == 512) product<i64>(from, panelB, count, to, d == 0);
        else product<v128>(from, panelB, count, to, d == 0);
      }
      panel += <usize>MR * row;
      to += <usize>(MR * SQUARE * NR) << 2;
    }
    a += step;
    b += panelStep(depth);
    out += NR << 2;
  }
}

/** Eight channels (or four, if no more are left) of tiles [first, last): out of the products, into the images. */
function writeTiles(args: usize, scratch: usize, first: i32, last: i32, down: i32, across: i32, channel: i32): void {
  const height = arg(args, OUT_HEIGHT);
  const width = arg(args, OUT_WIDTH);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const row = <usize>width * pixel;
  const activation = arg(args, ACTIVATION);
  const biasAt = <usize>arg(args, BIAS);
  let column = first % across;
  let line = (first / across) % down;
  let image = <usize>arg(args, OUT) + <usize>(first / across / down) * <usize>height * row;
  let from = scratch + PRODUCTS;
  for (let tile = first; tile < last; tile++) {
    for (let c = channel; c < min(channel + NR, arg(args, CHANNELS)); c += 4) {
      const bias = biasAt ? v128.load(biasAt + (<usize>c << 2)) : f32x4.splat(0);
      const products = from + (<usize>(c - channel) << 2);
      const rows = min(TILE, height - line * TILE);
      const columns = min(TILE, width - column * TILE);
      const to = image + <usize>(line * TILE) * row + <usize>(column * TILE) * pixel + (<usize>c << 2);
      if (rows == TILE && columns == TILE) {
        outputTile(products, scratch + LINES, to, row, pixel, bias, activation, args + CURVE);
        continue;
      }
      outputTile(products, scratch + LINES, scratch + EDGE, TILE << 4, 16, bias, activation, args + CURVE);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          v128.store(to + <usize>i * row + <usize>j * pixel, v128.load(scratch + EDGE + (<usize>(i * TILE + j) << 4)));
        }
      }
    }
    from += <usize>(SQUARE * NR) << 2;
    if (++column == across) {
      column = 0;
      if (++line == down) {
        line = 0;
        image += <usize>height * row;
      }
    }
  }
}
