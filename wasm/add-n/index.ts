/** Adds several tensors of one shape in one pass, in their order. */
import { arg } from '../args';
import { loadTail, storeTail } from '../math';
import { rangeStart } from '../range';

/** The argument block: 32-bit words in this order, then the addresses of the inputs. `runtime/kernels/elementwise/addN.ts` writes it. */
const OUT: i32 = 0;
const COUNT: i32 = 1;
const INPUTS: i32 = 2;
const FIRST_INPUT: i32 = 3;

export function addN(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const inputs = arg(args, INPUTS);
  const first = rangeStart(count, part, parts);
  let left = rangeStart(count, part + 1, parts) - first;
  const out = <usize>arg(args, OUT);
  let at = <usize>first << 2;
  for (; left >= 4; left -= 4) {
    let sum = v128.load(<usize>arg(args, FIRST_INPUT) + at);
    for (let i = 1; i < inputs; i++) sum = v128.add<f32>(sum, v128.load(<usize>arg(args, FIRST_INPUT + i) + at));
    v128.store(out + at, sum);
    at += 16;
  }
  if (left == 0) return;
  let sum = loadTail(<usize>arg(args, FIRST_INPUT) + at, left, 0);
  for (let i = 1; i < inputs; i++) sum = v128.add<f32>(sum, loadTail(<usize>arg(args, FIRST_INPUT + i) + at, left, 0));
  storeTail(out + at, sum, left);
}
