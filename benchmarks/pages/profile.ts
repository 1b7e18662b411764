import * as tf from '../../src/runtime/tf.ts';

/** What one kind of kernel cost in all steps. */
export interface KernelRow {
  readonly kernelName: string;
  calls: number;
  ms: number;
  /** Values in and out, at four bytes each. */
  bytes: number;
  flops: number;
}

export interface Profile {
  readonly steps: number;
  /** Of all steps, kernels and what lies between them. */
  readonly ms: number;
  readonly kernels: readonly KernelRow[];
}

/** Times every kernel of the current backend while `step` runs `count` times. A kernel that calls others is charged for itself only. */
export function profileSteps(step: () => void, count: number): Profile {
  const backendName = tf.getBackend();
  const originals = tf.getKernelsForBackend(backendName);
  const rows = new Map<string, KernelRow>();
  let inner = 0;
  for (const original of originals) {
    tf.unregisterKernel(original.kernelName, backendName);
    tf.registerKernel({
      ...original,
      kernelFunc(call) {
        const outer = inner;
        inner = 0;
        const start = performance.now();
        const result = original.kernelFunc(call);
        const ms = performance.now() - start;
        const row = rows.get(original.kernelName) ?? emptyRow(original.kernelName);
        rows.set(original.kernelName, row);
        row.calls++;
        row.ms += ms - inner;
        const given = [...Object.values(call.inputs).flat(), ...[result].flat()] as (tf.TensorInfo | undefined)[];
        const tensors = given.filter((tensor) => tensor !== undefined);
        row.bytes += tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
        row.flops += flopsOf(original.kernelName, call.inputs, call.attrs, [result].flat()[0] as tf.TensorInfo);
        inner = outer + ms;
        return result;
      },
    });
  }
  try {
    step();
    rows.clear();
    const start = performance.now();
    for (let i = 0; i < count; i++) step();
    const ms = performance.now() - start;
    return { steps: count, ms, kernels: [...rows.values()].sort((a, b) => b.ms - a.ms) };
  } finally {
    for (const original of originals) {
      tf.unregisterKernel(original.kernelName, backendName);
      tf.registerKernel(original);
    }
  }
}

function emptyRow(kernelName: string): KernelRow {
  return { kernelName, calls: 0, ms: 0, bytes: 0, flops: 0 };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Of the kernels whose arithmetic matters; 0 for those that wait for memory. */
function flopsOf(
  kernelName: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap | undefined,
  out: tf.TensorInfo,
): number {
  const shapeOf = (name: string) => (inputs[name] as tf.TensorInfo).shape;
  switch (kernelName) {
    case 'BatchMatMul':
    case '_FusedMatMul':
      return 2 * sizeOf(out.shape) * (shapeOf('a').at(attrs?.['transposeA'] ? -2 : -1) as number);
    case 'Conv2D':
    case 'FusedConv2D':
      return (2 * sizeOf(out.shape) * sizeOf(shapeOf('filter'))) / (shapeOf('filter').at(-1) as number);
    case 'Conv2DBackpropFilter':
      return (2 * sizeOf(shapeOf('dy')) * sizeOf(out.shape)) / (out.shape.at(-1) as number);
    case 'Conv2DBackpropInput':
      return (2 * sizeOf(shapeOf('dy')) * sizeOf(shapeOf('filter'))) / (shapeOf('filter').at(-1) as number);
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2D':
      return (2 * sizeOf(out.shape) * sizeOf(shapeOf('filter').slice(0, 2))) as number;
    case 'DepthwiseConv2dNativeBackpropFilter':
      return 2 * sizeOf(shapeOf('dy')) * sizeOf(out.shape.slice(0, 2));
    case 'DepthwiseConv2dNativeBackpropInput':
      return 2 * sizeOf(shapeOf('dy')) * sizeOf(shapeOf('filter').slice(0, 2));
    default:
      return 0;
  }
}
