// A student in both forms: the faster engine stays, if both give the same answers.
import { isAbortError, messageOf, throwIfAborted } from '../core/errors.ts';
import { duration, figures } from '../core/figures.ts';
import { seededRandom } from '../core/random.ts';
import { type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { median } from '../core/stats.ts';
import { timePasses } from '../core/timing.ts';
import { compareArrays } from '../model/compareArrays.ts';
import type { Engine, EngineModel } from './engine.ts';

export interface Choice {
  readonly engine: Engine;
  readonly why: string;
  readonly notices: readonly string[];
}

/** Largest difference that two engines may have, as a fraction of the largest answer. */
export const SAME_FRACTION = 1e-4;

/** A largest answer smaller than this counts as this. */
const LEAST_ANSWER = 1e-6;

/** wasm code is compiled in tiers; the first runs are in the slow one. */
const WARM_UPS = 4;
const PAIRS = { least: 3, most: 15 };
const BUDGET_MS = 400;
/** Used for a length that the student leaves open. */
const OPEN_LENGTH = 16;

/**
 * Opens both, asks both the same, and ends the slower one. If they disagree, tfjs stays, because the student learned there.
 * Throws    what opening both threw, where neither opens · AbortError
 */
export async function chooseEngine(
  open: (engine: EngineModel['engine']) => Promise<Engine>,
  signal?: AbortSignal,
): Promise<Choice> {
  const [ort, tfjs] = await Promise.allSettled([open('onnxruntime'), open('tfjs')]);
  if (ort.status === 'rejected' && tfjs.status === 'rejected') throw tfjs.reason;
  if (ort.status === 'rejected') return only((tfjs as PromiseFulfilledResult<Engine>).value, 'onnxruntime', ort.reason);
  if (tfjs.status === 'rejected') return only(ort.value, 'tfjs', tfjs.reason);
  const engines = [ort.value, tfjs.value] as const;
  try {
    const choice = await compare(engines, signal);
    await engines.find((engine) => engine !== choice.engine)?.[Symbol.asyncDispose]();
    return choice;
  } catch (error) {
    if (!isAbortError(error)) return await whichAnswers(engines, error);
    await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()));
    throw error;
  }
}

/**
 * Takes the ONNX form: it was quantized on purpose and so gives other numbers than the tfjs form, or all tabs must take the same.
 * If it does not open or answer, takes the tfjs form.
 * Throws    what opening tfjs threw, where neither opens
 */
export async function takeOnnx(
  open: (engine: EngineModel['engine']) => Promise<Engine>,
  form: string | undefined,
): Promise<Choice> {
  let ort: Engine | undefined;
  try {
    ort = await open('onnxruntime');
    await ort.run(sample(ort));
    const how = form === 'other' ? 'quantized' : `quantized (${form})`;
    const reason = form === undefined ? 'All tabs take its ONNX form' : `Its ONNX form is ${how}, so that one is taken`;
    const why = `${reason}; engine: 'tfjs' takes the form in which it learned.`;
    return { engine: ort, why, notices: [] };
  } catch (error) {
    await ort?.[Symbol.asyncDispose]();
    if (isAbortError(error)) throw error;
    return only(await open('tfjs'), 'onnxruntime', error);
  }
}

/** They could not be compared: takes one that answers, tfjs first. */
async function whichAnswers([ort, tfjs]: readonly [Engine, Engine], error: unknown): Promise<Choice> {
  const answers = await tfjs.run(sample(tfjs)).then(
    () => true,
    () => false,
  );
  await (answers ? ort : tfjs)[Symbol.asyncDispose]();
  const why = `The engines could not be compared: ${messageOf(error)}`;
  return { engine: answers ? tfjs : ort, why, notices: [why] };
}

function only(engine: Engine, other: string, reason: unknown): Choice {
  const why = `${other} did not open here: ${messageOf(reason)}`;
  return { engine, why, notices: [why] };
}

async function compare(engines: readonly [Engine, Engine], signal?: AbortSignal): Promise<Choice> {
  throwIfAborted(signal);
  const [ort, tfjs] = engines;
  const [forOrt, forTfjs] = [sample(ort), sample(tfjs)];
  const difference = largestDifference(await ort.run(forOrt), await tfjs.run(forTfjs));
  if (!(difference <= SAME_FRACTION)) {
    const why =
      `The ONNX form gives other numbers than the tfjs form (largest difference ${figures(difference)} of the ` +
      `largest answer; ${SAME_FRACTION} is allowed), as a quantized one does. engine: 'onnxruntime' takes it as it is.`;
    return { engine: tfjs, why, notices: [why] };
  }
  for (let i = 0; i < WARM_UPS; i++) {
    throwIfAborted(signal);
    await ort.run(forOrt);
    await tfjs.run(forTfjs);
  }
  const times = { ort: [] as number[], tfjs: [] as number[] };
  const start = performance.now();
  for (let pair = 0; pair < PAIRS.most; pair++) {
    if (pair >= PAIRS.least && performance.now() - start > BUDGET_MS) break;
    throwIfAborted(signal);
    times.ort.push(...(await timePasses(() => ort.run(forOrt), 1)));
    times.tfjs.push(...(await timePasses(() => tfjs.run(forTfjs), 1)));
  }
  const [ortMs, tfjsMs] = [median(times.ort), median(times.tfjs)];
  const why = `One example takes ${duration(ortMs)} in onnxruntime and ${duration(tfjsMs)} in tfjs here.`;
  return { engine: ortMs <= tfjsMs ? ort : tfjs, why, notices: [] };
}

/** One example of numbers from 0 to 1, the same for both. As whole numbers, such as indices of words, they are all 0. */
function sample({ opened }: Engine): NamedArrays {
  const random = seededRandom(1);
  return Object.fromEntries(
    Object.entries(opened.inputs).map(([name, shape]): [string, NdArray] => {
      const lengths = shape.map((length, axis) => length ?? (axis === 0 ? 1 : OPEN_LENGTH));
      return [name, { data: Float32Array.from({ length: sizeOf(lengths) }, () => random()), shape: lengths }];
    }),
  );
}

/** As a fraction of the largest answer of each output; infinite if they do not have the same outputs. */
function largestDifference(a: NamedArrays, b: NamedArrays): number {
  const each = Object.entries(b).map(([name, expected]) => {
    const given = a[name];
    if (given?.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
    const { largest, least, most } = compareArrays(expected, given);
    return largest === 0 ? 0 : largest / Math.max(Math.abs(least), Math.abs(most), LEAST_ANSWER);
  });
  return Math.max(0, ...each);
}
