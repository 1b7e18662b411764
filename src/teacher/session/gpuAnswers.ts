// Outputs of a colocated teacher: they stay on the GPU.
import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import type { GpuAnswers, GpuArray, NamedTensors } from '../../runtime/gpu.ts';
import type { OrtTensor } from '../../runtime/ort.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { keptOf, LEAST_PROBABILITY, type ReadSpec, type SumOverTimeOptions } from '../read.ts';
import { LEAST_LEARNED } from '../readAsLogits.ts';
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
  if (read !== undefined) return (tf, outputs) => sumOverTimeOnGpu(tf, outputs, read);
  return (tf, outputs) => {
    const named = nameOutputs(outputs, settings);
    const probs = fromProbsOf(named, settings, softmaxOutputs)?.[0];
    const tensor = probs === undefined ? undefined : named[probs];
    if (probs === undefined || tensor === undefined) return named;
    return { ...named, [probs]: tf.log(tf.maximum(tensor, LEAST_LEARNED)) };
  };
}

function sumOverTimeOnGpu(tf: Tf, outputs: NamedTensors, { options }: ReadSpec): NamedTensors {
  const { classes, output, keep = [] }: SumOverTimeOptions = options;
  const probs = outputs[output ?? Object.keys(outputs)[0] ?? ''];
  if (probs?.rank !== 3) {
    throw new LimbeckError('shape-mismatch', `sumOverTime reads [B, T, C]; "${output ?? 'the output'}" is another.`);
  }
  const sums = tf.sum(tf.gather(probs, [...classes], 2), 1);
  return { ...keptOf(outputs, keep), [DEFAULT_OUTPUT]: tf.log(tf.maximum(sums, LEAST_PROBABILITY)) };
}
