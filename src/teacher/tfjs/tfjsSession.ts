import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { makeQueue } from '../../core/queue.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import * as tf from '../../runtime/tf.ts';
import type { ModelInput } from '../input/modelInput.ts';
import { fitShape, type ModelValue, toFeeds } from '../session/sessionFeeds.ts';
import type { TeacherDescription } from '../teacher.ts';
import { type PortableTfjsModel, weightsOf } from './tfjsModel.ts';
import { buildRunnable, type TfjsRunnable } from './tfjsRunnable.ts';

export interface TfjsSessionOptions {
  readonly name: string;
  /** What errors call it. A student's faults are 'student-invalid'. @default 'teacher' */
  readonly what?: 'teacher' | 'student';
  readonly threads?: number;
  readonly assetBase?: string;
  readonly input?: ModelInput | Readonly<Record<string, ModelInput>>;
}

/** A tfjs model that is only asked, on the thread where this is called. One run at a time; calls wait for their turn. */
export interface TfjsSession {
  open(model: PortableTfjsModel, options: TfjsSessionOptions): Promise<TeacherDescription>;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  close(): Promise<void>;
}

const WARM_UPS = 3;

interface Opened {
  readonly model: TfjsRunnable;
  readonly inputs: readonly ModelValue[];
  /** Undefined where the model shares a backend that somebody else started on this thread. */
  readonly backend: OpenBackend | undefined;
  readonly options: TfjsSessionOptions;
}

export function createTfjsSession(): TfjsSession {
  const enqueue = makeQueue();
  let opened: Opened | undefined;

  async function run(given: NamedArrays): Promise<NamedArrays> {
    if (opened === undefined) throw new LimbeckError('disposed', 'The teacher was disposed; load it again.');
    const arrays = inputsFor(opened, given);
    const { what = 'teacher' } = opened.options;
    try {
      return await opened.model.run(arrays);
    } catch (error) {
      if (what === 'student' && error instanceof LimbeckError) throw error;
      const code = what === 'student' ? 'student-invalid' : 'teacher-failed';
      throw new LimbeckError(code, `The ${what} failed on a batch: ${messageOf(error)}`, { cause: error });
    }
  }

  return {
    open: (portable, options) =>
      enqueue(async () => {
        const { name, what = 'teacher', threads, assetBase } = options;
        // tfjs has one backend a thread, and a second opening would take it away from whoever has it.
        const backend = tf.getBackend() ? undefined : await openBackendHere({ threads, assetBase });
        try {
          const model = await buildRunnable(portable, name, what);
          const inputs = Object.entries(model.inputs).map(([of, shape]) => ({ name: of, type: 'float32', shape }));
          opened = { model, inputs, backend, options };
          const { description } = backend ?? {};
          return {
            name,
            bytes: weightsOf(portable).byteLength,
            device: 'tfjs' as const,
            threads: description?.threads ?? 1,
            ...(description?.hasKernels && { simdLevel: description.simdLevel }),
            why: `It is a tfjs model, on tfjs’s ${tf.getBackend()} backend.`,
            identity: await identityOf(portable, options),
            inputs: model.inputs,
            outputs: model.outputs,
            notices: description?.notices ?? [],
          };
        } catch (error) {
          opened?.model.dispose();
          opened = undefined;
          await backend?.dispose();
          throw error;
        }
      }),
    run: (inputs) => enqueue(() => run(inputs)),
    timeMs: (inputs, repeats) =>
      enqueue(async () => {
        for (let i = 0; i < WARM_UPS; i++) await run(inputs);
        const times: number[] = [];
        for (let i = 0; i < repeats; i++) {
          const start = performance.now();
          await run(inputs);
          times.push(performance.now() - start);
        }
        return times;
      }),
    close: () =>
      enqueue(async () => {
        opened?.model.dispose();
        const backend = opened?.backend;
        opened = undefined;
        await backend?.dispose();
      }),
  };
}

/** In the order of the model's inputs. Throws    unknown-input · not-finite · shape-mismatch */
function inputsFor({ inputs, options }: Opened, given: NamedArrays): NdArray[] {
  const feeds = toFeeds(given, inputs, options);
  return inputs.map((info) => {
    const array = feeds[info.name] as NdArray;
    // A graph need not declare its inputs' shapes.
    return info.shape.length === 0 ? array : fitShape(array, info);
  });
}

/** Of weights, structure and how it is fed. */
async function identityOf(portable: PortableTfjsModel, { input }: TfjsSessionOptions): Promise<string> {
  const structure = portable.kind === 'graph' ? portable.artifacts : portable.student;
  const weights = await sha256(new Uint8Array(weightsOf(portable)));
  return sha256(new TextEncoder().encode(JSON.stringify([weights, portable.kind, structure, input ?? null])));
}
