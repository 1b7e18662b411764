import { LimbeckError } from '../core/errors.ts';
import { withDefaultName } from '../core/outputs.ts';
import { pixelsAsFloats } from '../core/pixels.ts';
import type { NamedArrays } from '../core/shape.ts';
import { holdModel } from '../model/holdModel.ts';
import { describeModel, type Model, type OpenedModel } from '../model/model.ts';
import { ortValues, runInOrt } from '../model/ortModel.ts';
import { onnxNodes } from '../onnx/describe/onnxMetadata.ts';
import { pixelInputs } from '../onnx/describe/pixelInputs.ts';
import { startOrt } from '../runtime/ort.ts';
import { createSession } from '../runtime/ortSession.ts';
import { fromOrtTensor, isNumericType } from '../runtime/ortTensors.ts';
import { moved } from '../workers/transfer.ts';
import type { EngineOptions } from './engine.ts';

/** A student's ONNX file in onnxruntime-web, on the thread where this is called: the part of `limbeck/run`'s worker. */
export interface RunSession {
  open(onnx: Uint8Array, options: EngineOptions): Promise<OpenedModel>;
  /** Takes the model's inputs by their names, checked. */
  run(inputs: NamedArrays): Promise<NamedArrays>;
  close(): Promise<void>;
}

export function createRunSession(): RunSession {
  const held = holdModel<Model>(() => 'student');
  return {
    open: async (onnx, options) => describeModel(await held.open(() => openStudent(onnx, options))),
    run: (inputs) => held.use((model) => model.run(inputs)),
    close: held.close,
  };
}

/** The part of a worker that runs students: what a run gives moves to the page. */
export function runPart(): RunSession {
  const session = createRunSession();
  return { ...session, run: async (inputs) => moved(await session.run(inputs)) };
}

async function openStudent(onnx: Uint8Array, { name, threads: wanted, assetBase }: EngineOptions): Promise<Model> {
  const { ort, threads, notices } = await startOrt({ threads: wanted, assetBase });
  const session = await createSession(ort, onnx, { executionProviders: ['wasm'] }, { what: 'student', name });
  const inputs = ortValues(session.inputMetadata);
  const floats = inputs.filter(({ type }) => type.startsWith('float')).map((value) => value.name);
  const pixels = pixelInputs(onnxNodes(onnx), floats);
  const outputs = ortValues(session.outputMetadata).filter(({ type }) => isNumericType(type));
  if (outputs.length === 0) {
    await session.release();
    throw new LimbeckError('unknown-output', `The student "${name}" gives no numbers.`);
  }
  const fetches = outputs.map((value) => value.name);
  const model = { ort, session, inputs, fetches, what: 'student' } as const;
  const named = withDefaultName(Object.fromEntries(outputs.map((value) => [value.name, value])));
  return {
    threads,
    notices,
    inputs,
    outputs: Object.entries(named).map(([as, value]) => ({ ...value, name: as })),
    async run(given) {
      const read = Object.entries(given).map(([of, array]) => [
        of,
        pixels.includes(of) ? pixelsAsFloats(array) : array,
      ]);
      const results = await runInOrt(model, Object.fromEntries(read));
      const arrays = fetches.map((fetch) => [fetch, fromOrtTensor(results[fetch] as (typeof results)[string])]);
      return withDefaultName(Object.fromEntries(arrays) as NamedArrays);
    },
    dispose: () => session.release(),
  };
}
