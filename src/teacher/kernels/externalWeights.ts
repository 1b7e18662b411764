import { LimbeckError } from '../../core/errors.ts';
import type { OnnxModel, OnnxTensor } from '../../onnx/model.ts';

/** A model's external files, by the paths that it gives them. */
export type ExternalFiles = readonly { readonly path: string; readonly data: Blob }[];

/**
 * Reads weights from external files into the model, and only the parts that it needs.
 * Throws    invalid-onnx: a file is missing or too short
 */
export async function readExternalWeights(model: OnnxModel, files: ExternalFiles): Promise<void> {
  const { initializer, node } = model.graph;
  const values = node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t])));
  await Promise.all([...initializer, ...values].filter(isElsewhere).map((tensor) => bringHere(tensor, files)));
}

function isElsewhere({ dataLocation }: OnnxTensor): boolean {
  return dataLocation === 1;
}

async function bringHere(tensor: OnnxTensor, files: ExternalFiles): Promise<void> {
  const of = (name: string) => tensor.externalData.find(({ key }) => key === name)?.value;
  const path = normal(of('location') ?? '');
  const file = files.find((one) => normal(one.path) === path)?.data;
  const offset = Number(of('offset') ?? 0);
  const length = Number(of('length') ?? (file?.size ?? 0) - offset);
  if (file === undefined || offset + length > file.size) {
    const why = file === undefined ? 'is missing' : `has ${file.size} bytes, not ${offset + length}`;
    throw new LimbeckError('invalid-onnx', `The weights "${tensor.name}" stand in the file "${path}", which ${why}.`, {
      details: { tensor: tensor.name, path },
    });
  }
  tensor.rawData = new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  tensor.dataLocation = 0;
  tensor.externalData = [];
}

function normal(path: string): string {
  return path.replace(/^\.\//, '');
}
