import { arg } from '../args';
import { rowStart } from '../range';
import { STEP_BYTES } from './product';

/** The argument block: 32-bit words in this order, strides in values. `runtime/kernels/recurrent/recurrent.ts` writes it. */
const SOURCE: i32 = 0;
const TARGET: i32 = 1;
const DEPTH: i32 = 2;
const UNITS: i32 = 3;
const WIDTH: i32 = 4;
const DEPTH_STRIDE: i32 = 5;
const UNIT_STRIDE: i32 = 6;
const GATE_STRIDE: i32 = 7;

/**
 * Packs a recurrent matrix into panels of sixteen columns: 16 / WIDTH gates of WIDTH neighbouring units, first eight
 * columns for all depths, then the others. Columns beyond the last unit are zero. A part is a run of panels.
 */
export function pack(args: usize, part: i32, parts: i32): void {
  const depth = arg(args, DEPTH);
  const units = arg(args, UNITS);
  const width = arg(args, WIDTH);
  const unitBytes = <usize>arg(args, UNIT_STRIDE) << 2;
  const depthBytes = <usize>arg(args, DEPTH_STRIDE) << 2;
  const gateBytes = <usize>arg(args, GATE_STRIDE) << 2;
  const panels = (units + width - 1) / width;
  const last = rowStart(panels, part + 1, parts);
  for (let panel = rowStart(panels, part, parts); panel < last; panel++) {
    const out = <usize>arg(args, TARGET) + <usize>(panel * depth) * STEP_BYTES;
    for (let column = 0; column < 16; column++) {
      const unit = panel * width + column % width;
      const source = <usize>arg(args, SOURCE) + <usize>unit * unitBytes + <usize>(column / width) * gateBytes;
      let to = out + <usize>(((column >> 3) * depth) << 5) + (<usize>(column & 7) << 2);
      for (let k = 0; k < depth; k++) {
        store<f32>(to, unit < units ? load<f32>(source + <usize>k * depthBytes) : 0);
        to += 32;
      }
    }
  }
}
