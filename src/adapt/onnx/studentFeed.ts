import { LimbeckError } from '../../core/errors.ts';
import { type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { fitInputs } from '../../model/fitInputs.ts';
import type { ModelValue } from '../../model/model.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { pixelInputsOf } from '../../onnx/pixelInputs.ts';
import { declaredTensor } from '../../onnx/shapes/walk.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import { functionalOf } from '../../student/topology/classifier.ts';
import { toFeeds } from '../../teacher/session/sessionFeeds.ts';
import type { OnnxSettings } from './personalizeOnnxOptions.ts';

/** The data's arrays as a session of the model is fed with them, by the names of the model's inputs. */
export type Feed = (given: NamedArrays) => NamedArrays;

/**
 * Does with a batch what the session does before the model reads it: a student imported with the model's own order of axes
 * reads the same.
 * Throws    (the feed) unknown-input · shape-mismatch · not-finite
 */
export function openFeed(model: OnnxModel, { input, name }: Pick<OnnxSettings, 'input' | 'name'>): Feed {
  const stored = new Set(model.graph.initializer.map((one) => one.name));
  const pixels = pixelInputsOf(model);
  const inputs = model.graph.input
    .filter((one) => !stored.has(one.name))
    .map((value): ModelValue => {
      const { dtype, shape } = declaredTensor(value, new Map());
      const lengths = (shape ?? []).map((length) => (typeof length === 'number' ? length : null));
      // A student's batch is free, whatever the file says.
      return {
        name: value.name,
        type: dtype ?? 'float32',
        shape: [null, ...lengths.slice(1)],
        isAnyShape: !shape,
        isPixels: pixels.includes(value.name),
      };
    });
  const settings = { name, ...(input && { input }) };
  return (given) => {
    const fed = fitInputs(toFeeds(given, inputs, settings), inputs, 'teacher');
    return Object.fromEntries(inputs.map(({ name: of, type }) => [of, asRead(fed[of] as NdArray, type)]));
  };
}

/** The shapes that a model is fed with, the batch left free. */
export function shapesOf(fed: NamedArrays): Record<string, (number | null)[]> {
  return Object.fromEntries(Object.entries(fed).map(([name, { shape }]) => [name, [null, ...shape.slice(1)]]));
}

/**
 * The same arrays by the names of the student's inputs, in which an import changes some letters.
 * Throws    unknown-input: an input whose name cannot be told
 */
export function forStudent(fed: NamedArrays, artifacts: StudentArtifacts): NamedArrays {
  const { config } = functionalOf(artifacts);
  const entries = Object.entries(fed);
  return Object.fromEntries(
    config.input_layers.map(([name]) => {
      const found = entries.filter(([given]) => lettersOf(given) === lettersOf(name));
      if (found.length === 1) return [name, (found[0] as [string, NdArray])[1]];
      throw new LimbeckError(
        'unknown-input',
        `The model's inputs ${entries.map(([given]) => `"${given}"`).join(', ')} cannot be told apart by letters and digits ` +
          'alone. Give them other names.',
        { details: { needed: name } },
      );
    }),
  );
}

function lettersOf(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '');
}

/** Sessions convert numbers of any type; tfjs does not. */
function asRead({ data, shape }: NdArray, type: string): NdArray {
  const isWhole = type.includes('int');
  const values = isWhole ? Int32Array.from(data) : isTagged(data, 'Float32Array') ? data : Float32Array.from(data);
  return { data: values.subarray(0, sizeOf(shape)), shape };
}
