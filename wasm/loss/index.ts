/**
 * Losses of rows of logits, with their gradients in the same pass. Each row leaves its loss as a float64; `meanLoss`
 * adds them in order, so that the thread count does not matter.
 */
import { arg } from '../args';
import { loadTail, log, storeTail, sumLanes, tailMask } from '../math';
import { exp4, mathTable } from '../mathTable';
import { rowStart } from '../range';
import { exponentials, rowMax, scale } from '../softmax';

/** The argument block of softTargets: 32-bit words in this order. `runtime/kernels/softmax/softTargets.ts` writes it. */
const STUDENT: i32 = 0;
const TEACHER: i32 = 1;
const GRADIENT: i32 = 2;
const LOSSES: i32 = 3;
const ROWS: i32 = 4;
const COLUMNS: i32 = 5;
/** Floats: 1 / T, and the factor of the gradient. */
const SHARPNESS: usize = 24;
const FACTOR: usize = 28;

/**
 * KL(teacher_T ‖ student_T) of each row, and factor · (p_student − p_teacher). Between the two passes the teacher's
 * exponentials are in the scratch, the student's in the gradient.
 */
export function softTargets(args: usize, scratch: usize, part: i32, parts: i32): void {
  const columns = arg(args, COLUMNS);
  const rowBytes = <usize>columns << 2;
  const last = rowStart(arg(args, ROWS), part + 1, parts);
  const t = mathTable(scratch);
  for (let row = rowStart(arg(args, ROWS), part, parts); row < last; row++) {
    const offset = <usize>row * rowBytes;
    const student = <usize>arg(args, STUDENT) + offset;
    const teacher = <usize>arg(args, TEACHER) + offset;
    const gradient = <usize>arg(args, GRADIENT) + offset;
    const loss = softTargetsRow(student, teacher, gradient, scratch, columns, load<f32>(args + SHARPNESS),
      load<f32>(args + FACTOR), t);
    store<f64>(<usize>arg(args, LOSSES) + (<usize>row << 3), loss);
  }
}

function softTargetsRow(
  student: usize, teacher: usize, gradient: usize, kept: usize, columns: i32, sharpness: f32, factor: f32, t: usize,
): f64 {
  const mostS = f32x4.splat(rowMax(student, columns));
  const mostT = f32x4.splat(rowMax(teacher, columns));
  const by = f32x4.splat(sharpness);
  let sumS = f32x4.splat(0);
  let sumT = sumS;
  let cross = sumS;
  let at: usize = 0;
  let left = columns;
  for (; left >= 4; left -= 4) {
    const s = v128.mul<f32>(v128.sub<f32>(v128.load(student + at), mostS), by);
    const z = v128.mul<f32>(v128.sub<f32>(v128.load(teacher + at), mostT), by);
    const eS = exp4(s, t);
    const eT = exp4(z, t);
    v128.store(gradient + at, eS);
    v128.store(kept + at, eT);
    sumS = v128.add<f32>(sumS, eS);
    sumT = v128.add<f32>(sumT, eT);
    cross = v128.add<f32>(cross, v128.mul<f32>(eT, v128.sub<f32>(z, s)));
    at += 16;
  }
  if (left > 0) {
    const mask = tailMask(left);
    const s = v128.mul<f32>(v128.sub<f32>(loadTail(student + at, left, 0), mostS), by);
    const z = v128.mul<f32>(v128.sub<f32>(loadTail(teacher + at, left, 0), mostT), by);
    const eS = v128.and(exp4(s, t), mask);
    const eT = v128.and(exp4(z, t), mask);
    storeTail(gradient + at, eS, left);
    // The scratch has room for whole vectors.
    v128.store(kept + at, eT);
    sumS = v128.add<f32>(sumS, eS);
    sumT = v128.add<f32>(sumT, eT);
    cross = v128.add<f32>(cross, v128.and(v128.mul<f32>(eT, v128.sub<f32>(z, s)), mask));
  }
  const ofS = sumLanes(sumS);
  const ofT = sumLanes(sumT);
  // Not fused: equal distributions must give zero.
  const inverseS = f32x4.splat(1 / ofS);
  const inverseT = f32x4.splat(1 / ofT);
  const times = f32x4.splat(factor);
  at = 0;
  for (left = columns; left >= 4; left -= 4) {
    const pT = v128.mul<f32>(v128.load(kept + at), inverseT);
    const pS = v128.mul<f32>(v128.load(gradient + at), inverseS);
    v128.store(gradient + at, v128.mul<f32>(times, v128.sub<f32>(pS, pT)));
    at += 16;
  }
  if (left > 0) {
    const pT = v128.mul<f32>(v128.load(kept + at), inverseT);
    const pS = v128.mul<f32>(loadTail(gradient + at, left, 0), inverseS);
    storeTail(gradient + at, v128.mul<f32>(times, v128.sub<f32>(pS, pT)), left);
  }
  return <f64>sumLanes(cross) / <f64>ofT + (log(<f64>ofS) - log(<f64>ofT));
}

/** The argument block of softmaxCrossEntropy. `runtime/kernels/softmax/softmaxCrossEntropy.ts` writes it. */
const LOGITS: i32 = 0;
const LABELS: i32 = 1;
const CE_FACTOR: usize = 24;

/** −log softmax(x)[label] of each row, and factor · (p − onehot). A label outside the row gives neither. */
export function softmaxCrossEntropy(args: usize, scratch: usize, part: i32, parts: i32): void {
  const columns = arg(args, COLUMNS);
  const rowBytes = <usize>columns << 2;
  const last = rowStart(arg(args, ROWS), part + 1, parts);
  const factor = load<f32>(args + CE_FACTOR);
  const t = mathTable(scratch);
  for (let row = rowStart(arg(args, ROWS), part, parts); row < last; row++) {
    const x = <usize>arg(args, LOGITS) + <usize>row * rowBytes;
    const gradient = <usize>arg(args, GRADIENT) + <usize>row * rowBytes;
    const label = load<i32>(<usize>arg(args, LABELS) + (<usize>row << 2));
    let loss: f64 = 0;
    if (<u32>label < <u32>columns) {
      const most = rowMax(x, columns);
      const sum = exponentials(x, gradient, columns, most, t);
      scale(gradient, columns, factor / sum);
      const at = <usize>label << 2;
      store<f32>(gradient + at, load<f32>(gradient + at) - factor);
      loss = log(<f64>sum) - (<f64>load<f32>(x + at) - <f64>most);
    } else {
      memory.fill(gradient, 0, rowBytes);
    }
    store<f64>(<usize>arg(args, LOSSES) + (<usize>row << 3), loss);
  }
}

/** The argument block of meanLoss. */
const MEAN_LOSSES: i32 = 0;
const MEAN_OUT: i32 = 1;
const MEAN_ROWS: i32 = 2;
const MEAN_FACTOR: usize = 12;

/** The mean of the rows' losses, times a factor. The first part does it all. */
export function meanLoss(args: usize, scratch: usize, part: i32, parts: i32): void {
  if (part > 0) return;
  const rows = arg(args, MEAN_ROWS);
  const losses = <usize>arg(args, MEAN_LOSSES);
  let sum: f64 = 0;
  for (let row = 0; row < rows; row++) sum += load<f64>(losses + (<usize>row << 3));
  store<f32>(<usize>arg(args, MEAN_OUT), <f32>((sum / <f64>rows) * <f64>load<f32>(args + MEAN_FACTOR)));
}
