/**
 * Convolutions of 3 × 3 taps and stride 1 with a quarter of the multiplications: F(4 × 4, 3 × 3). A tile of 4 × 4 outputs is a
 * product of two polynomials in each axis, which are evaluated at six points, multiplied there, one matrix product for each of the
 * 36 pairs of points, and interpolated. See NOTES.md.
 *
 * Winograd 1980, "Arithmetic Complexity of Computations"; Lavin and Gray 2015, arXiv:1509.09308.
 */
import { backFilter } from './backFilter';
import { finishFilter, transformFilter } from './filter';
import { forward } from './forward';

export function winogradFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  transformFilter(args, scratch, part, parts);
}

/** The convolution, and the gradient of its input: the convolution of the output's gradient with the turned filter. */
export function winogradForward(args: usize, scratch: usize, part: i32, parts: i32): void {
  forward(args, scratch, part, parts);
}

/** The gradient of the filter at the points, a partial sum for each chunk of tiles. */
export function winogradBackFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  backFilter(args, scratch, part, parts);
}

export function winogradBackFilterFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  finishFilter(args, scratch, part, parts);
}
