// Outputs of a colocated teacher: they stay on the GPU.
import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import type { GpuAnswers, GpuArray, NamedTensors } from '../../runtime/gpu.ts';
import type { OrtTensor } from '../../runtime/ort.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { keptOf, LEAST_PROBABILITY, type SumOverTimeOptions } from '../read.ts';
import { LEAST_LEARNED } from '../readAsLogits.ts';
import { otherShape } from '../readSteps.ts';
import type { ReadStepsSettings } from '../readStepsOptions.ts';
import { fromProbsOf, nameOutputs } from './outputNames.ts';
import type { OpenedSession, SessionSettings } from './sessionSettings.ts';

type AnswerSettings = SessionSettings & Pick<OpenedSession, 'softmaxOutputs'>;

/**
 * Outputs of a run, by their public names, as a student on the same GPU reads them.
 * Throws    teacher-failed: an output of a type that no loss reads
 */
export function toGpuAnswers(outputs: Readonly<Record<string, OrtTensor>>, settings: AnswerSettings): GpuAnswers {
  const release = () => {
    for (const tensor of Object.values(outputs)) tensor.dispose();
  };
  try {
    const arrays = Object.entries(outputs).map(([name, tensor]) => [name, toGpuArray(name, tensor)] as const);
    return { arrays: Object.fromEntries(arrays), read: readerFor(settings), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Fetches an output that lies on a GPU, and frees it there. */
export async function toHost(tensor: OrtTensor): Promise<OrtTensor> {
  if (tensor.location === 'gpu-buffer') await tensor.getData(true);
  return tensor;
}

function toGpuArray(name: string, { location, type, dims, gpuBuffer }: OrtTensor): GpuArray {
  if (location === 'gpu-buffer' && (type === 'float32' || type === 'int32')) {
    return { buffer: gpuBuffer as unknown as GpuArray['buffer'], dtype: type, shape: dims };
  }
  throw new LimbeckError(
    'teacher-failed',
    `The output "${name}" (${type}, ${location}) cannot be learned from on the GPU. Name the outputs to fetch with ` +
      '"outputs", or load the teacher without "colocatedWith".',
    { details: { name, type, location } },
  );
}

/** What the page does with outputs that reach it, in the same words of tfjs. */
function readerFor(settings: AnswerSettings): GpuAnswers['read'] {
  const { read, softmaxOutputs = [] } = settings;
  if (read?.name === 'readSteps') return (tf, outputs) => readStepsOnGpu(tf, outputs, read.options);
  if (read !== undefined) return (tf, outputs) => sumOverTimeOnGpu(tf, outputs, read.options);
  return (tf, outputs) => {
    const named = nameOutputs(outputs, settings);
    const probs = fromProbsOf(named, settings, softmaxOutputs)?.[0];
    const tensor = probs === undefined ? undefined : named[probs];
    if (probs === undefined || tensor === undefined) return named;
    return { ...named, [probs]: tf.log(tf.maximum(tensor, LEAST_LEARNED)) };
  };
}

/** Which of the model's steps is least blank differs from line to line, so that here all of them are kept. */
function readStepsOnGpu(tf: Tf, outputs: NamedTensors, options: ReadStepsSettings): NamedTensors {
  const { classes, output, steps, given, keep = [] } = options;
  const name = output ?? Object.keys(outputs)[0] ?? '';
  const answers = outputs[name];
  const highest = (classes ?? [0]).reduce((most, index) => Math.max(most, index), 0);
  if (answers?.rank !== 3 || highest >= (answers.shape[2] as number)) {
    throw otherShape(name, answers?.shape ?? [], highest);
  }
  if (steps !== undefined && steps !== answers.shape[1]) {
    throw new LimbeckError(
      'invalid-option',
      `readSteps does not change ${answers.shape[1]} steps into ${steps} on a GPU. Load the teacher without "colocatedWith".`,
    );
  }
  const chosen = classes === undefined ? answers : tf.gather(answers, [...classes], 2);
  const logits = given === 'probs' ? tf.log(tf.maximum(chosen, LEAST_LEARNED)) : chosen;
  return { ...keptOf(outputs, keep), [DEFAULT_OUTPUT]: tf.logSoftmax(logits) };
}

function sumOverTimeOnGpu(tf: Tf, outputs: NamedTensors, options: SumOverTimeOptions): NamedTensors {
  const { classes, output, keep = [] } = options;
  const probs = outputs[output ?? Object.keys(outputs)[0] ?? ''];
  if (probs?.rank !== 3) {
    throw new LimbeckError('shape-mismatch', `sumOverTime reads [B, T, C]; "${output ?? 'the output'}" is another.`);
  }
  const sums = tf.sum(tf.gather(probs, [...classes], 2), 1);
  return { ...keptOf(outputs, keep), [DEFAULT_OUTPUT]: tf.log(tf.maximum(sums, LEAST_PROBABILITY)) };
}
