import type { Metric } from '../metric.ts';

/**
 * Mean overlap of boxes (mean IoU): the area that both cover as a fraction of the area that either covers, mean over all boxes.
 * Shapes    student [N, …, 4] or corners [N, …, 2, 2], teacher the same → fraction
 * Units     0…1; higher is better; 1 for equal boxes
 * Numerics  corners count in either order; two boxes without any area overlap only if they are the same; NaN if a number is NaN
 * Throws    nothing
 * Source    Everingham et al. 2010, The PASCAL Visual Object Classes Challenge, IJCV 88(2), §4.2
 */
export const meanOverlap: Metric = {
  name: 'meanOverlap',
  measures: 'boxes',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    const boxes = student.data.length / 4;
    let sum = 0;
    for (let box = 0; box < boxes; box++) sum += overlapOf(student.data, teacher.data, 4 * box);
    return sum / boxes;
  },
};

function overlapOf(own: ArrayLike<number>, given: ArrayLike<number>, from: number): number {
  let [shared, ofOwn, ofGiven, isSame] = [1, 1, 1, true];
  for (let axis = from; axis < from + 2; axis++) {
    const [a, b, c, d] = [own[axis], own[axis + 2], given[axis], given[axis + 2]] as [number, number, number, number];
    const [low, high] = [Math.max(Math.min(a, b), Math.min(c, d)), Math.min(Math.max(a, b), Math.max(c, d))];
    shared *= Math.max(0, high - low);
    ofOwn *= Math.abs(b - a);
    ofGiven *= Math.abs(d - c);
    isSame &&= Math.min(a, b) === Math.min(c, d) && Math.max(a, b) === Math.max(c, d);
  }
  const covered = ofOwn + ofGiven - shared;
  return covered === 0 ? Number(isSame) : shared / covered;
}
