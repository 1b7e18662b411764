import { LimbeckError } from '../../core/errors.ts';
import { innerPath } from '../../core/innerPath.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../onnx/model.ts';

/** A file next to a model that holds some of its weights. */
export interface NeededFile {
  /** As the model spells it, without a leading "./". */
  readonly path: string;
  /** The bytes that the model reads of the file, if it says so; otherwise 0. */
  readonly leastBytes: number;
}

/**
 * The files next to a model in which it keeps weights, in the order in which it names them.
 * Throws    invalid-onnx: no ONNX file, or one that names a file outside its own folder
 */
export async function neededFiles(bytes: Uint8Array, name: string): Promise<NeededFile[]> {
  // onnxruntime's own format holds all its weights, and is no protobuf.
  if (new TextDecoder().decode(bytes.subarray(4, 8)) === 'ORTM') return [];
  const { readModel } = await import('../../onnx/model.ts');
  const model = readModel(bytes, name);
  const found = new Map<string, number>();
  for (const tensor of [...tensorsOf(model.graph), ...model.functions.flatMap(({ node }) => tensorsIn(node))]) {
    if (tensor.dataLocation !== 1) continue;
    const {
      location,
      offset = 0,
      length = 0,
    } = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
    const path = checkPath(location, name, tensor.name);
    const end = Number(offset) + Number(length);
    found.set(path, Math.max(found.get(path) ?? 0, Number.isSafeInteger(end) && end > 0 ? end : 0));
  }
  return Array.from(found, ([path, leastBytes]) => ({ path, leastBytes }));
}

/**
 * Throws    invalid-onnx: a path that leaves the model's folder, which would make the page read something else
 */
function checkPath(location: string | undefined, name: string, tensor: string): string {
  const path = innerPath(location);
  if (path !== undefined) return path;
  throw new LimbeckError(
    'invalid-onnx',
    `"${name}" keeps the values of "${tensor}" in ${JSON.stringify(location)}; it must be the path of a file in the ` +
      'folder of the model, such as "weights.bin". Export the model again with its data beside it.',
    { details: { name, tensor, location } },
  );
}

/**
 * Throws    invalid-onnx: files that the model needs were not given
 */
export function missingFiles(name: string, needed: readonly string[], missing: readonly string[]): LimbeckError {
  const example = missing.map((path) => `${JSON.stringify(path)}: …`).join(', ');
  return new LimbeckError(
    'invalid-onnx',
    `"${name}" keeps weights in files beside it, of which ${missing.length} of ${needed.length} were not given: ` +
      `${missing.join(', ')}. Give them with externalData: { ${example} }.`,
    { details: { name, needed, missing } },
  );
}

/**
 * Throws    invalid-onnx: a file that ends before the values that the model reads from it
 */
export function checkLength({ path, leastBytes }: NeededFile, bytes: number, name: string): void {
  if (bytes >= leastBytes) return;
  throw new LimbeckError(
    'invalid-onnx',
    `"${name}" reads ${leastBytes} bytes of "${path}", which has ${bytes}. The file is truncated or belongs to ` +
      'another model: get both from one place.',
    { details: { name, path, needed: leastBytes, given: bytes } },
  );
}

function tensorsOf(graph: OnnxGraph): OnnxTensor[] {
  return [...graph.initializer, ...graph.sparseInitializer.flatMap(tensorsOfSparse), ...tensorsIn(graph.node)];
}

/** Values may also be in attributes: those of constants, and in the graphs of loops and branches. */
function tensorsIn(nodes: readonly OnnxNode[]): OnnxTensor[] {
  return nodes.flatMap(({ attribute }) =>
    attribute.flatMap((one) => {
      const { sparseTensor, sparseTensors = [] } = one as { sparseTensor?: Sparse; sparseTensors?: Sparse[] };
      return [
        ...(one.t === undefined ? [] : [one.t]),
        ...one.tensors,
        ...(sparseTensor === undefined ? [] : tensorsOfSparse(sparseTensor)),
        ...sparseTensors.flatMap(tensorsOfSparse),
        ...(one.g === undefined ? [] : tensorsOf(one.g)),
        ...one.graphs.flatMap(tensorsOf),
      ];
    }),
  );
}

interface Sparse {
  readonly values?: OnnxTensor;
  readonly indices?: OnnxTensor;
}

function tensorsOfSparse({ values, indices }: Sparse): OnnxTensor[] {
  return [values, indices].filter((tensor) => tensor !== undefined);
}
