import { LimbeckError } from '../../core/errors.ts';
import { dtypeOf, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { fitInputs } from '../../model/fitInputs.ts';
import type { ModelValue } from '../../model/model.ts';
import { openKernelsModel } from '../kernels/kernelsModel.ts';
import { fetchedFrom, type ReadyModel, type SessionEngine } from './sessionCreate.ts';
import { fixedBatchOf, withReadings } from './sessionFeeds.ts';
import type { Placement, SessionSettings } from './sessionSettings.ts';

/**
 * A model on limbeck's own kernels, as the session runs it.
 * Throws    unsupported-operator · unknown-output · invalid-onnx · backend-unavailable · out-of-memory
 */
export async function openOnKernels(
  { bytes, names, externalData, ...known }: ReadyModel,
  settings: SessionSettings,
  { threads, simdLevel }: Placement,
): Promise<SessionEngine> {
  if (settings.recurrent !== undefined) {
    throw new LimbeckError('unsupported-operator', 'The kernels run no models with a state.');
  }
  const { name, assetBase, session = {} } = settings;
  const dimensions = session.freeDimensionOverrides;
  const model = await openKernelsModel(bytes, {
    ...{ name, threads, simdLevel, assetBase, dimensions, externalData },
  });
  try {
    const inputs = withReadings(model.inputs, known);
    const { outputs, fetches, notices } = fetchedFrom(model.outputs, names, settings);
    return {
      threads: model.threads,
      simdLevel: model.simdLevel,
      inputs,
      outputs,
      fixedBatch: fixedBatchOf(inputs, undefined),
      notices: [...model.notices, ...notices],
      async run(given) {
        const results = model.run(typed(given, inputs));
        return Object.fromEntries(fetches.map((fetch) => [names[fetch] ?? fetch, results[fetch] as NdArray]));
      },
      dispose: () => model.dispose(),
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** Floats for inputs that are floats, whole numbers for the others. */
function typed(given: NamedArrays, inputs: readonly ModelValue[]): NamedArrays {
  const fitted = fitInputs(given, inputs, 'teacher');
  return Object.fromEntries(
    inputs.map(({ name, type }) => {
      const array = fitted[name] as NdArray;
      const { data, shape } = array;
      if (!type.startsWith('float'))
        return [name, dtypeOf(data) === 'float32' ? { data: Int32Array.from(data), shape } : array];
      return [name, isTagged(data, 'Float32Array') ? array : { data: Float32Array.from(data), shape }];
    }),
  );
}
