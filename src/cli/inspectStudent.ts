import { bytes as bytesText, amount as countText } from '../core/figures.ts';
import { sizeOf } from '../core/shape.ts';
import { type ModelTopology, readTopology } from '../export/graph/topology.ts';
import { parameterCount, type WeightSpec } from '../student/student.ts';
import { reportText } from './printable.ts';
import type { StudentFile } from './studentFile.ts';
import { table } from './table.ts';

/** The contents of a bundle or a tfjs model. */
export interface StudentFileDescription {
  readonly name: string;
  readonly form: StudentFile['form'];
  /** Size of all its files. */
  readonly bytes: number;
  readonly parameters: number;
  readonly labels?: readonly string[];
  /** The bundle's metadata. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Layers of a nested model are listed under its name. */
  readonly layers: readonly { readonly name: string; readonly className: string }[];
  readonly weights: readonly WeightSpec[];
}

/** Throws    student-invalid: an invalid topology */
export function describeStudentFile(name: string, file: StudentFile): StudentFileDescription {
  const { form, bytes, artifacts, labels, input, metadata = {} } = file;
  return {
    name,
    form,
    bytes,
    parameters: parameterCount(artifacts),
    ...(labels && { labels }),
    metadata: { ...metadata, ...(input && { input }) },
    layers: layersOf(readTopology(artifacts.modelTopology), ''),
    weights: artifacts.weightSpecs.map(({ name: own, shape, dtype }) => ({ name: own, shape, dtype })),
  };
}

/** A description as text for a terminal, without its title; the weights are listed on request. */
export function studentReport(student: StudentFileDescription, withWeights: boolean): string {
  const { form, bytes, parameters, labels, metadata, layers, weights } = student;
  const facts = [
    ['form', form],
    ['files', bytesText(bytes)],
    ['parameters', countText(parameters)],
    ...(labels ? [['labels', labels.join(', ')]] : []),
    ...Object.entries(metadata).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ];
  return reportText([
    table([{ heading: '' }, { heading: '' }], facts, '  '),
    table(
      [{ heading: 'layer' }, { heading: 'class' }],
      layers.map((layer) => [layer.name, layer.className]),
      '  ',
    ),
    ...(withWeights
      ? [
          table(
            [{ heading: 'weight' }, { heading: 'type' }, { heading: 'shape' }, { heading: 'values', isNumber: true }],
            weights.map((spec) => [spec.name, spec.dtype, `[${spec.shape.join(', ')}]`, countText(sizeOf(spec.shape))]),
            '  ',
          ),
        ]
      : []),
  ]);
}

function layersOf({ layers }: ModelTopology, path: string): { name: string; className: string }[] {
  return layers.flatMap(({ name, className, model }) => [
    { name: path + name, className },
    ...(model ? layersOf(model, `${path}${name}/`) : []),
  ]);
}
