import type { GraphBuilder } from '../onnx/write/graphBuilder.ts';
import type { Value } from '../onnx/write/graphValue.ts';
import type { Weight } from '../onnx/write/operatorCall.ts';
import type { LayerConfig, LayerDefinition } from './graph/layerConfig.ts';

/** What is known of a layer before its inputs are known. */
export interface LayerDescription {
  readonly name: string;
  readonly className: string;
  /** Keys in camelCase; read it with `numberOf`, `flagOf`, `textOf`, `lengthsOf` of layerConfig.ts. */
  readonly config: LayerConfig;
}

/** One call of a layer: a shared layer is called several times. */
export interface LayerCall extends LayerDescription {
  /** In the order of the layer's inputs, each with its shape, layout and mask. */
  readonly inputs: readonly Value[];
  /** Names what the layer adds after it. The node that makes the result gets the layer's name afterwards. */
  readonly graph: GraphBuilder;
  /** The weight '<layer>/<name>', such as weight('kernel'). Throws    student-invalid: there is none */
  weight(name: string): Weight;
  /** Every weight of the layer, in the order of the file: all whose names begin with '<layer>/'. */
  readonly weights: readonly Weight[];
  /**
   * Writes a wrapped layer, as for TimeDistributed. `weightPath` is the prefix of its weights' names, such
   * as 'timeDistributed_1/' for 'timeDistributed_1/kernel'.
   */
  inner(layer: LayerDefinition, inputs: readonly Value[], weightPath: string): readonly Value[];
  /** Why a wrapped layer cannot be written; undefined if it can. */
  refuseInner(layer: LayerDefinition): string | undefined;
}

/**
 * How layers of some classes are written as ONNX nodes. A file of `layers/` exports one, or a list, by the file's own
 * name; the generated barrel finds it. Use `layers/dense.ts` as a model.
 */
export interface LayerExporter {
  /** As topologies spell them: 'Conv2D', 'BatchNormalization'. */
  readonly classNames: readonly string[];
  /** Whether the output gets the mask of the first input if `write` sets none: tfjs's supportsMasking. */
  readonly keepsMask?: true;
  /** Whether it reads int32 inputs as they are (Embedding, Reshape …); every other layer gets them as float32. */
  readonly takesIntegers?: true;
  /** A clause that says why this configuration has no ONNX form, such as 'its activation is "x"'; undefined if it has. */
  refuse?(layer: LayerDescription & Pick<LayerCall, 'refuseInner'>): string | undefined;
  /**
   * Adds the layer's nodes and returns its outputs with their keras shapes. A layer that does nothing returns its input.
   * Throws    unsupported-layer: made with `unsupportedLayer`, if it depends on the inputs' shapes
   */
  write(call: LayerCall): Value | readonly Value[];
}
