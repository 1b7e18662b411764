import { LimbeckError } from '../core/errors.ts';
import { flag, given, type OptionsOf, schema } from '../core/schema.ts';
import { pruneInside } from './edit/prune.ts';
import { storeAsConstants } from './edit/storeAsConstants.ts';
import { copyOf, type OnnxModel, type OnnxValue, onnx } from './model.ts';
import { ownValues } from './references.ts';
import { fuseActivations, type IsAllowed } from './simplify/activations.ts';
import { type BoundInputs, bindInputs } from './simplify/bindInputs.ts';
import { inlineBranches } from './simplify/branches.ts';
import { foldConstants, storeConstants } from './simplify/constants.ts';
import { type Draft, openDraft } from './simplify/draft.ts';
import { inferValues } from './simplify/infer.ts';
import { fuseNormalizations } from './simplify/normalizations.ts';
import { foldPads } from './simplify/pads.ts';
import { dropRedundant } from './simplify/redundant.ts';
import { foldScales } from './simplify/scales.ts';

const OPTIONS = schema('simplify', {
  /** Whole shapes for inputs, which fix their free lengths; what is computed from shapes is then a constant. */
  inputShapes: given<Readonly<Record<string, readonly number[]>>>(),
  /** Values of inputs of one element, such as a sample rate: branches that they decide are taken. They stay inputs. */
  inputValues: given<Readonly<Record<string, number>>>(),
  /** Whether normalizations and scales become part of the weights before them. Default true. */
  foldBatchNorm: flag(true),
  /** Whether several nodes that are one known function become one node. Default true. */
  fuse: flag(true),
  /** Whether only operators are used that the model's own operator set has, so that onnxruntime loads it. Default false. */
  standardOnly: flag(false),
  /** Names of inner values that must survive. Default: none. */
  keep: given<readonly string[]>(),
});

export interface SimplifyOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A model that computes the same with fewer and more meaningful nodes: constants are computed, normalizations folded into
 * weights, decomposed functions put together again. The argument is left as it is; weights that do not change are shared.
 *
 * The result is a form for limbeck's own readers: it may use operators that are newer than the model's operator set, such
 * as Swish or Gelu, so onnxruntime may refuse it. `standardOnly` keeps to the operators of that set.
 *
 * Throws    invalid-option: an unknown option, or an unknown name in `keep` · unknown-input, shape-mismatch: shapes or
 *           values that the model's inputs do not take
 */
export function simplify(model: OnnxModel, options: SimplifyOptions = {}): OnnxModel {
  const { inputShapes, inputValues, foldBatchNorm, fuse, standardOnly, keep = [] } = OPTIONS.read(options);
  checkKept(model, keep);
  const bound = bindInputs(model.graph, { ...(inputShapes && { inputShapes }), ...(inputValues && { inputValues }) });
  const draft = openDraft(model, keep);
  settle(model, draft, bound, [inlineBranches, storeConstants, foldConstants, dropRedundant, foldPads]);
  const isAllowed: IsAllowed = (since) => !standardOnly || draft.opset >= since;
  // First what is known by name: a scale that went into the weights would be missing in its pattern.
  const fusions = [
    (one: Draft) => fuseNormalizations(one, isAllowed),
    (one: Draft) => fuseActivations(one, isAllowed),
    dropRedundant,
  ];
  if (fuse) settle(model, draft, bound, fusions);
  if (foldBatchNorm) settle(model, draft, bound, [(one) => foldScales(one), dropRedundant]);
  return finished(model, draft, bound, keep);
}

/** Only the last step of `simplify`, for a file that is kept: weights that several nodes read stay one. */
export function foldIntoWeights(model: OnnxModel): OnnxModel {
  const bound = bindInputs(model.graph, {});
  const draft = openDraft(model, []);
  settle(model, draft, bound, [(one) => foldScales(one, 'keep')]);
  return finished(model, draft, bound, []);
}

/** Runs passes until none of them finds anything. Each only takes nodes away or replaces many by fewer, so that ends. */
function settle(model: OnnxModel, draft: Draft, bound: BoundInputs, passes: readonly ((draft: Draft) => void)[]): void {
  for (let before = -1; before !== draft.edits(); ) {
    before = draft.edits();
    for (const pass of passes) {
      const start = draft.edits();
      if (start !== before || pass === passes[0]) draft.learn(inferValues(model, draft, bound));
      pass(draft);
    }
  }
}

function checkKept(model: OnnxModel, keep: readonly string[]): void {
  const own = ownValues(model.graph);
  for (const name of keep) {
    if (own.has(name)) continue;
    throw new LimbeckError('invalid-option', `"keep" names "${name}", which is no value of the model's outer graph.`, {
      details: { name },
    });
  }
}

function finished(model: OnnxModel, draft: Draft, bound: BoundInputs, keep: readonly string[]): OnnxModel {
  const result = copyOf(model);
  const graph = Object.assign(copyOf(model.graph), draft.finish());
  result.graph = graph;
  storeAsConstants(result);
  const outputs = graph.output;
  graph.output = [...outputs, ...keep.map((name) => onnx.value({ name }))];
  pruneInside(graph);
  graph.output = outputs.map((value) => withLengths(value, bound));
  graph.input = graph.input.map((value) => withLengths(value, bound));
  graph.valueInfo = graph.valueInfo.map((value) => withLengths(value, bound));
  return result;
}

/** A value's type with the lengths that the caller gave. */
function withLengths(value: OnnxValue, { inputs, dimensions }: BoundInputs): OnnxValue {
  const type = value.type?.tensorType;
  if (type?.shape === undefined) return value;
  const fixed = inputs.find(({ name }) => name === value.name)?.shape;
  const dim = type.shape.dim.map((one, i) => {
    const size = fixed?.[i] ?? dimensions.get(one.dimParam);
    return typeof size === 'number' ? { dimValue: BigInt(size) } : one;
  });
  return onnx.value({ name: value.name, type: { tensorType: { elemType: type.elemType, shape: { dim } } } });
}
