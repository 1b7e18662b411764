import { flag, given, type OptionsOf, schema, text } from '../../core/schema.ts';
import { checkTaps, type Tap } from './taps.ts';

/** One length of a shape: a number, the name of a free one, or null where nothing is known about it. */
export type OnnxLength = number | string | null;

/** A tensor that flows through a model; null where the file does not say and it could not be worked out. */
export interface OnnxTensorDescription {
  readonly name: string;
  /** Such as float32, int64, bool. */
  readonly dtype: string | null;
  readonly shape: readonly OnnxLength[] | null;
}

/** One operation of a model. */
export interface OnnxNodeDescription {
  readonly name: string;
  readonly operator: string;
  /** '' for ONNX's own operators. */
  readonly domain: string;
  /** The branch or body that the node lies in, such as `If_0/then_branch`; '' for the model itself. */
  readonly within: string;
  /** Names of tensors; '' stands for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly OnnxTensorDescription[];
  /**
   * Multiplications that are added up, of products, convolutions and recurrent cells; everything else has 0. Of an `If`,
   * those of the branch that is taken, or of the dearer one where only the data decides. Undefined where it is unknown.
   */
  readonly multiplyAdds?: number;
}

/** What an ONNX file holds: plain values, which survive a worker boundary. */
export interface OnnxDescription {
  readonly name: string;
  /** Of the file, without external files. */
  readonly bytes: number;
  readonly irVersion: number;
  /** Versions of the operator sets by domain; ONNX's own is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** What has to be fed; weights that stand among the inputs are left out. */
  readonly inputs: readonly OnnxTensorDescription[];
  readonly outputs: readonly OnnxTensorDescription[];
  /** Names of lengths of inputs that the model leaves open; `dimensions` takes them. */
  readonly freeDimensions: readonly string[];
  /** Elements of the stored tensors, without those of int64, bool and string, which hold shapes and indices. */
  readonly parameters: number;
  /** Bytes of all stored tensors, by their type. */
  readonly bytesByDtype: Readonly<Record<string, number>>;
  /** What the model's own graph stores under a name, in the file's order. Constants inside of nodes are not among them. */
  readonly weights: readonly OnnxTensorDescription[];
  /** How often each operator is used, most frequent first; one outside ONNX's own domain as `domain:name`. */
  readonly operators: Readonly<Record<string, number>>;
  /** All nodes in the file's order, those of branches and bodies right after the node that holds them. */
  readonly nodes: readonly OnnxNodeDescription[];
  /** Of one run; undefined as soon as one node could not be counted. */
  readonly multiplyAdds?: number;
  /** Of those nodes that could be counted: a lower bound where `uncountedNodes` is above 0. */
  readonly countedMultiplyAdds: number;
  /**
   * The most bytes that inputs, inner tensors and outputs of one run take at one time, without the weights. Undefined where a
   * length is open, or branches or loops decide.
   */
  readonly peakBytes?: number;
  /** Nodes of an unknown operator, of unknown shapes, or in a loop. */
  readonly uncountedNodes: number;
  /** External files that hold its weights. */
  readonly externalFiles: readonly string[];
  /** Whether it holds an RNN, GRU or LSTM cell. */
  readonly isRecurrent: boolean;
  /** Whether it branches or loops: If, Loop or Scan. */
  readonly hasControlFlow: boolean;
  /** The tensors that `taps` mean, and what each output would be called; only if there were taps. */
  readonly taps?: Readonly<Record<string, string>>;
}

const INSPECT = schema('inspectOnnx', {
  /** What messages call the model. Default 'model'. */
  name: text('model'),
  /** Lengths for the free dimensions, by their names in the file. */
  dimensions: given<Readonly<Record<string, number>>>(),
  /** Whole shapes for inputs; a free dimension that one fixes is fixed everywhere. */
  inputShapes: given<Readonly<Record<string, readonly number[]>>>(),
  /** Values of scalar inputs, such as a sample rate, that decide which branches are taken. */
  inputValues: given<Readonly<Record<string, number>>>(),
  /** Inner tensors that \`loadTeacher\` should give: checked here, and found by name, without running the model. */
  taps: given<readonly Tap[]>(),
  /** Whether the taps will be the only outputs. Default: false. */
  untilTaps: flag(),
});

/** What is known about a model's inputs before it runs. */
export interface InspectOptions extends OptionsOf<typeof INSPECT> {}

/** Throws    invalid-option: an option that nothing reads, or taps that are none */
export function checkInspectOptions(options: InspectOptions): void {
  const { taps, untilTaps } = INSPECT.read(options);
  checkTaps(taps, untilTaps);
}
