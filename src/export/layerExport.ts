import type { GraphBuilder } from '../onnx/write/graphBuilder.ts';
import type { Value } from '../onnx/write/graphValue.ts';
import type { Weight } from '../onnx/write/operatorCall.ts';
import type { LayerConfig, LayerDefinition } from './graph/layerConfig.ts';

/** What is known of a layer before its inputs are. */
export interface LayerDescription {
  readonly name: string;
  readonly className: string;
  /** Keys in camelCase; read it with `numberOf`, `flagOf`, `textOf`, `lengthsOf` of layerConfig.ts. */
  readonly config: LayerConfig;
}

/** One call of a layer: a shared layer is called several times. */
export interface LayerCall extends LayerDescription {
  /** In the order of the layer's inputs. Each says its shape, its layout and its mask. */
  readonly inputs: readonly Value[];
  /** What the layer adds is named after it. The node that makes the result is given the layer's name afterwards. */
  readonly graph: GraphBuilder;
  /** The weight '<layer>/<name>', such as weight('kernel'). Throws    student-invalid: there is none */
  weight(name: string): Weight;
  /** Every weight of the layer, in the order of the file: all whose names begin with '<layer>/'. */
  readonly weights: readonly Weight[];
  /**
   * Writes a wrapped layer, for TimeDistributed and the like. `weightPath` stands in front of its weights' own names, such
   * as 'timeDistributed_1/' for 'timeDistributed_1/kernel'.
   */
  inner(layer: LayerDefinition, inputs: readonly Value[], weightPath: string): readonly Value[];
  /** Why a wrapped layer cannot be written; undefined where it can. */
  refuseInner(layer: LayerDefinition): string | undefined;
}

/**
 * How layers of some classes are written as ONNX nodes. A file of `layers/` exports one, or a list, by the file's own
 * name; the generated barrel finds it. `layers/dense.ts` is one to write like.
 */
export interface LayerExporter {
  /** As topologies spell them: 'Conv2D', 'BatchNormalization'. */
  readonly classNames: readonly string[];
  /** Whether the mask of the first input goes on to the output, where `write` says none: tfjs's supportsMasking. */
  readonly keepsMask?: true;
  /** Whether it reads int32 inputs as they are (Embedding, Reshape …); every other layer gets them as float32. */
  readonly takesIntegers?: true;
  /** A clause that says why this configuration has no ONNX form, such as 'its activation is "x"'; undefined if it has. */
  refuse?(layer: LayerDescription & Pick<LayerCall, 'refuseInner'>): string | undefined;
  /**
   * Adds the layer's nodes and gives its outputs with their keras shapes. A layer that does nothing returns its input.
   * Throws    unsupported-layer: made with `unsupportedLayer`, where only the inputs' shapes tell
   */
  write(call: LayerCall): Value | readonly Value[];
}
