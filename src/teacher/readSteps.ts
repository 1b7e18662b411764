import { LimbeckError } from '../core/errors.ts';
import { formatShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import { keptOf, type ReadOutputs, type ReadSpec } from './read.ts';
import { LEAST_LEARNED } from './readAsLogits.ts';
import { READ_STEPS, type ReadStepsOptions } from './readStepsOptions.ts';

/**
 * Reads a sequence model step by step, for losses that compare a row of classes at each: log of the chosen classes'
 * probabilities, divided by their sum. Where the student has fewer steps, one of the model's steps stands for those that fall on
 * one of its own: the one that is least blank, so that no character is lost among blanks. Where it has more, they repeat.
 * Shapes    output [B, T, C] → logits [B, steps, classes], and what is kept
 * Units     probabilities or logits in, log-probabilities out
 * Throws    invalid-option: no class, or a blank that is none of them · unknown-output · shape-mismatch: not [B, T, C] or too few
 *           classes
 *
 * @example
 * loadTeacher(url, { read: readSteps({ classes: [0, ...digitIndices] }) }); // the blank, and the ten digits
 */
export function readSteps(options: ReadStepsOptions = {}): ReadOutputs {
  const settings = READ_STEPS.read(options);
  const { classes, output, steps, blank, given: form, keep = [] } = settings;
  if (classes !== undefined && blank >= classes.length) {
    throw new LimbeckError(
      'invalid-option',
      `"blank" was ${blank}; it is the place of the blank among the ${classes.length} classes that are kept.`,
    );
  }
  const read = (outputs: NamedArrays): NamedArrays => {
    const name = output ?? Object.keys(outputs)[0] ?? '';
    const array = outputs[name];
    if (array === undefined) {
      throw new LimbeckError('unknown-output', `There is no output "${name}"; there is ${Object.keys(outputs)}.`);
    }
    const [batch = 0, time = 0, width = 0] = array.shape;
    const chosen = classes ?? Array.from({ length: width }, (_, i) => i);
    const highest = chosen.reduce((most, index) => Math.max(most, index), blank);
    if (array.shape.length !== 3 || time === 0 || highest >= width) throw otherShape(name, array.shape, highest);
    const own = normalized(array, chosen, form);
    if (steps === undefined || steps === time) return { ...keptOf(outputs, keep), logits: own };
    return { ...keptOf(outputs, keep), logits: atSteps(own, batch, time, steps, blank) };
  };
  const spec: ReadSpec = { name: 'readSteps', options: { ...settings, ...(classes && { classes: [...classes] }) } };
  return Object.assign(read, { spec });
}

/** log p of some classes, so that they add up to 1 at each step. */
function normalized({ data, shape }: NdArray, classes: readonly number[], form: 'logits' | 'probs'): NdArray {
  const [batch = 0, time = 0, width = 0] = shape;
  const values = new Float32Array(batch * time * classes.length);
  const row = new Float64Array(classes.length);
  for (let step = 0; step < batch * time; step++) {
    let most = Number.NEGATIVE_INFINITY;
    for (const [i, index] of classes.entries()) {
      const value = data[step * width + index] as number;
      const log = form === 'probs' ? Math.log(Math.max(value, LEAST_LEARNED)) : value;
      row[i] = log;
      if (!(log <= most)) most = log;
    }
    const norm = most + Math.log(row.reduce((sum, log) => sum + Math.exp(log - most), 0));
    for (let i = 0; i < row.length; i++) values[step * row.length + i] = (row[i] as number) - norm;
  }
  return { data: values, shape: [batch, time, classes.length] };
}

/** Of the model's steps that fall on one of ours, that which is least blank. */
function atSteps({ data, shape }: NdArray, batch: number, time: number, steps: number, blank: number): NdArray {
  const classes = shape[2] as number;
  const values = new Float32Array(batch * steps * classes);
  for (let b = 0; b < batch; b++) {
    for (let step = 0; step < steps; step++) {
      const from = Math.floor((step * time) / steps);
      const to = Math.max(from + 1, Math.floor(((step + 1) * time) / steps));
      let best = from;
      for (let t = from + 1; t < to; t++) {
        const blankness = (at: number) => data[(b * time + at) * classes + blank] as number;
        if (blankness(t) < blankness(best)) best = t;
      }
      const source = (b * time + best) * classes;
      values.set(data.subarray(source, source + classes) as Float32Array, (b * steps + step) * classes);
    }
  }
  return { data: values, shape: [batch, steps, classes] };
}

export function otherShape(name: string, shape: readonly number[], highest: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `readSteps reads [B, T, C] with C above ${highest}; "${name}" is ${formatShape(shape)}.`,
  );
}
