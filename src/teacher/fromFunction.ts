import { isAbortError, LimbeckError, messageOf, throwIfAborted, untilAborted } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import { count, given, type OptionsOf, oneOf, required, schema } from '../core/schema.ts';
import {
  firstNonFinite,
  formatShape,
  isSameShape,
  type NamedArrays,
  type Shapes,
  sizeOf,
  whyNoNumbers,
} from '../core/shape.ts';
import { timePasses } from '../core/timing.ts';
import { fromProbsWhere, withLogProbs } from './readAsLogits.ts';
import type { Teacher, TeacherDevice } from './teacher.ts';

/** Answers a batch of inputs [B, ...] with named outputs [B, ...]. The signal is aborted when the answer is no longer needed. */
export type AskFunction = (inputs: NamedArrays, signal?: AbortSignal) => NamedArrays | Promise<NamedArrays>;

const OPTIONS = schema('fromFunction', {
  /** Names the teacher in reports. */
  name: required(given<string>()),
  /** Shapes that the function takes, null for a free length. */
  inputs: given<Shapes>(),
  /** Shapes that it gives; its answers are checked against them. */
  outputs: given<Shapes>(),
  /** Examples to ask about at a time. Default: 32. */
  batchSize: count()(),
  /**
   * Change it whenever the function may answer differently, such as with another model. With it the answers can be kept
   * in a store; without it nothing says whether old ones still hold.
   */
  version: given<string>((version) => {
    if (typeof version === 'string' && version !== '') return;
    throw new LimbeckError('invalid-option', `"version" was ${String(version)}; it must be a text that is not empty.`);
  }),
  /** What its output 'logits' holds: 'probs' are given as their logarithms. Default: the first answer tells. */
  given: oneOf('logits', 'probs')(),
  /** Where the function computes, for reports. Default 'function'. */
  device: oneOf<TeacherDevice>(
    'wasm',
    'kernels',
    'webgpu',
    'webnn',
    'native',
    'tfjs',
    'function',
    'several',
  )('function'),
});

/** What reports and caches know about a function. */
export interface FromFunctionOptions extends OptionsOf<typeof OPTIONS> {}

const WARM_UPS = 2;

/**
 * Any function as a teacher: a pipeline of another library, a server, an older model. It is called for one batch after the
 * other, never twice at a time, on the calling thread.
 * Throws    invalid-option · teacher-failed: it threw, or returned no arrays of this batch · not-finite · AbortError
 *
 * @example
 * const teacher = fromFunction(
 *   async ({ pixels }) => {
 *     const answer = await fetch('/classify', { method: 'POST', body: new Float32Array(pixels?.data ?? []) });
 *     const logits = new Float32Array(await answer.arrayBuffer());
 *     return { logits: ndArray(logits, [logits.length / 10, 10]) };
 *   },
 *   { name: 'our server', version: '2026-03' },
 * );
 */
export function fromFunction(ask: AskFunction, options: FromFunctionOptions): Teacher {
  const { name, inputs = {}, outputs = {}, batchSize, version, given: of, device } = readOptions(ask, options);
  const fromProbs = of && fromProbsWhere(of);
  const enqueue = makeQueue();
  const usage = { calls: 0, computed: 0, found: 0 };
  let isDisposed = false;

  async function call(given: NamedArrays, signal?: AbortSignal): Promise<NamedArrays> {
    if (isDisposed) throw new LimbeckError('disposed', `The teacher "${name}" was disposed; make it again.`);
    const batch = Object.values(given)[0]?.shape[0] ?? 0;
    let answer: NamedArrays;
    try {
      answer = await ask(given, signal);
    } catch (error) {
      if (error instanceof LimbeckError || (signal?.aborted && isAbortError(error))) throw error;
      throw new LimbeckError('teacher-failed', `The teacher "${name}" failed on a batch: ${messageOf(error)}`, {
        cause: error,
      });
    }
    checkAnswer(answer, batch, options);
    usage.calls++;
    usage.computed += batch;
    return fromProbs?.length ? withLogProbs(answer, fromProbs) : answer;
  }

  return {
    description: {
      name,
      bytes: 0,
      device,
      threads: 1,
      why: 'It is a function of the page; one batch is asked at a time.',
      ...(batchSize !== undefined && { batchSize }),
      ...(version !== undefined && {
        identity: `function:${JSON.stringify([name, version, ...(fromProbs?.length ? ['log-probs'] : [])])}`,
      }),
      ...(fromProbs && { fromProbs }),
      inputs,
      outputs,
      notices: [],
    },
    async ask(given, signal) {
      throwIfAborted(signal);
      return untilAborted(
        enqueue(() => call(given, signal), signal),
        signal,
      );
    },
    timeMs: (given, repeats) => enqueue(() => timePasses(() => call(given), repeats, WARM_UPS)),
    usage: () => ({ ...usage }),
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
}

function readOptions(ask: AskFunction, options: FromFunctionOptions) {
  if (typeof ask !== 'function' || typeof options !== 'object' || options === null) {
    throw new LimbeckError('invalid-option', 'fromFunction needs a function and { name }.');
  }
  const read = OPTIONS.read(options);
  if (typeof read.name === 'string' && read.name !== '') return read;
  throw new LimbeckError('invalid-option', `"name" was ${String(read.name)}; it must name the teacher in reports.`);
}

/** Throws    teacher-failed: an answer that losses cannot read · not-finite */
function checkAnswer(answer: NamedArrays, batch: number, { name, outputs = {} }: FromFunctionOptions): void {
  const given = Object.keys(answer ?? {});
  const missing = Object.keys(outputs).filter((output) => !given.includes(output));
  if (given.length === 0 || missing.length > 0) {
    throw new LimbeckError(
      'teacher-failed',
      `The teacher "${name}" gave ${given.join(', ') || 'no output'}; it must give ` +
        `${Object.keys(outputs).join(', ') || 'such as { logits }'}.`,
      { details: { given, missing } },
    );
  }
  for (const [output, array] of Object.entries(answer)) {
    const isArray = ArrayBuffer.isView(array?.data) && array.data.length === sizeOf(array.shape ?? [0]);
    const declared = outputs[output];
    if (!isArray || array.shape[0] !== batch || (declared !== undefined && !isSameShape(array.shape, declared))) {
      throw new LimbeckError(
        'teacher-failed',
        `The teacher "${name}" gave "${output}" with the shape ${formatShape(array?.shape ?? [])} and ` +
          `${array?.data?.length ?? 0} values; it must give ${declared ? formatShape(declared) : 'arrays { data, shape }'}` +
          `, filled, whose first dimension is the batch, ${batch} here.`,
        { details: { output, given: array?.shape, needed: declared } },
      );
    }
    const why = whyNoNumbers(array.data);
    if (why !== undefined) {
      throw new LimbeckError('teacher-failed', `The teacher "${name}" gave "${output}" with values ${why}`, {
        details: { output },
      });
    }
    const at = firstNonFinite(array.data);
    if (at < 0) continue;
    throw new LimbeckError(
      'not-finite',
      `The output "${output}" of the teacher "${name}" holds ${array.data[at]} at value ${at} of ` +
        `${formatShape(array.shape)}. Check its inputs and its logarithms.`,
      { details: { name: output, at } },
    );
  }
}
