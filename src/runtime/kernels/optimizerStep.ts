import {
  clipScale,
  coefficientsOf,
  isFusable,
  lostGradient,
  type StepCall,
  type StepParameter,
  type StepRule,
  trustRatio,
} from '../ops/optimizerStep.ts';
import { type BackendWasm, engine, type Tensor, type Variable } from '../tf.ts';
import type { Kernel } from './kernel.ts';
import type { WasmKernel } from './module.ts';

/**
 * Values in a row: few enough to spread a small model over threads, and fixed, so that sums do not depend on the
 * threads.
 */
const BLOCK = 16_384;
/** Words of a row and their order, as wasm/optimizers/table.ts has them; the last four are two sums in float64. */
const ROW_WORDS = 12;
const [WEIGHTS, GRADIENTS, SLOTS, COUNT, COUPLED, DECOUPLED, ROW_RATE] = [0, 1, 2, 4, 5, 6, 7];
const ROW_DOUBLES = ROW_WORDS / 2;
const SUM = 4;

/** What a rule remembers of each value. */
const SLOTS_OF: Readonly<Record<StepRule, number>> = {
  sgd: 0,
  momentum: 1,
  nesterov: 1,
  adam: 2,
  adamw: 2,
  lamb: 2,
  lion: 1,
};

type TensorData = ReturnType<BackendWasm['dataIdMap']['get']>;

const STEP_KERNELS: Readonly<Record<StepRule, WasmKernel>> = {
  sgd: 'sgdStep',
  momentum: 'momentumStep',
  nesterov: 'nesterovStep',
  adam: 'adamStep',
  adamw: 'adamStep',
  lamb: 'lambStep',
  lion: 'lionStep',
};

/**
 * One step of an optimizer over all parameters, in place: two calls of compiled code (three for LAMB), however many
 * tensors there are. The attributes are a `StepCall`; there are neither inputs nor outputs.
 * Shapes    a gradient and its slots have the shape of their variable
 * Units     float32; norms are summed in float64
 * Throws    not-finite: a gradient is NaN or infinite; nothing has changed then
 * Source    see runtime/ops/optimizerStep.ts, which computes the same with operations of tfjs
 * Differs   a variable keeps its data, while tfjs assigns new data; shared data (a clone) is copied first, and
 *           tfjs-wasm discards what it packed of the old weights
 */
export const optimizerStep: Kernel = {
  kernelName: 'OptimizerStep',
  run({ backend, pool }, _inputs, attrs) {
    const { rule, parameters, numbers } = attrs as unknown as StepCall;
    if (!isFusable(parameters)) return undefined;
    if (parameters.some(({ slots }) => slots.length !== SLOTS_OF[rule])) return undefined;
    const { beta1, beta2 } = numbers;
    const { coupled, decoupled, ...c } = coefficientsOf(rule, numbers);
    let rows = 0;
    let values = 0;
    for (const { variable } of parameters) {
      rows += Math.ceil(variable.size / BLOCK);
      values += variable.size;
    }
    // Before the table is written: data on another backend moves over now, and the heap may grow.
    const places = parameters.map((parameter) => placesOf(backend, parameter));
    const table = pool.scratch(rows * ROW_WORDS * 4);
    writeRows(heapBuffer(backend), table, parameters, places, coupled, decoupled);
    const doubles = new Float64Array(heapBuffer(backend), table, rows * ROW_DOUBLES);

    pool.run('gradientSquares', [table, rows, values], values);
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += doubles[row * ROW_DOUBLES + SUM] as number;
    if (!Number.isFinite(squares)) throw lostGradient(parameters);

    const scale = clipScale(squares, numbers);
    const floats = [scale, c.rate, beta1, c.rest1, beta2, c.rest2, c.firstScale, c.rootScale, c.epsilon];
    const words = [table, rows, values, ...new Int32Array(Float32Array.from(floats).buffer)];
    if (rule === 'lamb') {
      pool.run('lambMoments', words, 8 * values);
      writeRates(doubles, parameters, c.rate);
    }
    pool.run(STEP_KERNELS[rule], words, 4 * values);
    for (const { weights, size } of places) forgetPacked(backend, weights, size);
    return [];
  },
};

interface Places {
  readonly weights: TensorData;
  readonly size: number;
  readonly gradients: number;
  readonly slots: readonly [number, number];
}

function placesOf(backend: BackendWasm, { variable, gradient, slots }: StepParameter): Places {
  const address = (tensor: Tensor | undefined) => (tensor === undefined ? 0 : backend.getMemoryOffset(tensor.dataId));
  return {
    weights: ownData(backend, variable),
    size: variable.size,
    gradients: address(gradient),
    slots: [address(slots[0]), address(slots[1])],
  };
}

function writeRows(
  buffer: ArrayBufferLike,
  table: number,
  parameters: readonly StepParameter[],
  places: readonly Places[],
  coupled: number,
  decoupled: number,
): void {
  const integers = new Int32Array(buffer);
  const floats = new Float32Array(buffer);
  let row = table / 4;
  places.forEach(({ weights, size, gradients, slots }, i) => {
    const isDecayed = parameters[i]?.isDecayed ?? false;
    for (let at = 0; at < size; at += BLOCK) {
      integers[row + WEIGHTS] = weights.memoryOffset + 4 * at;
      integers[row + GRADIENTS] = gradients + 4 * at;
      integers[row + SLOTS] = slots[0] + 4 * at;
      integers[row + SLOTS + 1] = slots[1] + 4 * at;
      integers[row + COUNT] = Math.min(BLOCK, size - at);
      floats[row + COUPLED] = isDecayed ? coupled : 0;
      floats[row + DECOUPLED] = isDecayed ? decoupled : 0;
      row += ROW_WORDS;
    }
  });
}

function heapBuffer(backend: BackendWasm): ArrayBufferLike {
  return (backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.buffer;
}

/** LAMB: each row gets the rate of its tensor, from the norms over all rows of that tensor. */
function writeRates(doubles: Float64Array, parameters: readonly StepParameter[], rate: number): void {
  const floats = new Float32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length);
  let row = 0;
  for (const { variable, isDecayed } of parameters) {
    const end = row + Math.ceil(variable.size / BLOCK);
    let weightSquares = 0;
    let updateSquares = 0;
    for (let i = row; i < end; i++) {
      weightSquares += doubles[i * ROW_DOUBLES + SUM] as number;
      updateSquares += doubles[i * ROW_DOUBLES + SUM + 1] as number;
    }
    const ratio = isDecayed ? trustRatio(weightSquares, updateSquares) : 1;
    for (; row < end; row++) floats[row * ROW_WORDS + ROW_RATE] = rate * ratio;
  }
}

/** The address of a variable. A clone shares its original's data and must keep the old weights. */
function ownData(backend: BackendWasm, variable: Variable): TensorData {
  const data = backend.dataIdMap.get(variable.dataId);
  if (data.refCount === 1) return data;
  const info = backend.makeOutput(variable.shape, 'float32');
  const copy: Tensor = engine().makeTensorFromTensorInfo(info);
  backend.typedArrayFromHeap(copy).set(backend.typedArrayFromHeap(variable));
  variable.assign(copy);
  copy.dispose();
  return backend.dataIdMap.get(variable.dataId);
}

/** XNNPACK keeps packed weights by a tensor's number; it drops them when tfjs says that the tensor is gone. */
function forgetPacked({ wasm }: BackendWasm, { id, memoryOffset }: TensorData, size: number): void {
  wasm.tfjs.disposeData(id);
  wasm.tfjs.registerTensor(id, size, memoryOffset);
}
