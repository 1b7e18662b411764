import { throwIfAborted } from '../../core/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { checkModel } from '../../onnx/check/check.ts';
import { pruneInside } from '../../onnx/edit/prune.ts';
import { storeAsConstants } from '../../onnx/edit/storeAsConstants.ts';
import { upgradeOpset } from '../../onnx/edit/upgradeOpset.ts';
import { withMetadata } from '../../onnx/edit/withMetadata.ts';
import { type OnnxModel, readModel, writeModel } from '../../onnx/model.ts';
import { openDraft } from '../../onnx/simplify/draft.ts';
import { simplify } from '../../onnx/simplify.ts';
import type { QuantizeEvent, ReadQuantizeOptions } from '../quantizeOptions.ts';
import { calibrate } from './calibrate.ts';
import { toDynamicInt8 } from './dynamicInt8.ts';
import { toFloat16Graph } from './float16Graph.ts';
import { toFloat16Weights } from './float16Weights.ts';
import { toInt4 } from './int4.ts';
import type { Quantized } from './report.ts';
import { makeLog, type NodeLog, type QuantizeReport } from './report.ts';
import { requireFloat } from './requireFloat.ts';
import { planStaticInt8 } from './staticInt8.ts';
import { compareModels, requireTolerance } from './tolerance.ts';

/** The first operator set with what a form is made of; halves and 4-bit products are in every one. */
const LEAST_OPSET = { 'dynamic-int8': 11, 'static-int8': 13, float16: 0, int4: 0 } as const;
/** The first format version that allows weights outside the inputs and supports operator set 13. */
const LEAST_IR = 7n;

/** `quantize` with checked options. */
export async function quantizeModel(
  bytes: Uint8Array,
  options: ReadQuantizeOptions,
  emit: (event: QuantizeEvent) => void,
  signal: AbortSignal,
): Promise<Quantized> {
  const { to, evaluate, name } = options;
  const given = readModel(bytes, name);
  requireFloat(given, name);
  checkModel(given, { name });
  const model = to === 'static-int8' ? withNormsFolded(given) : given;
  const log = makeLog();
  upgradeOpset(model, LEAST_OPSET[to]);
  if (model.irVersion < LEAST_IR) model.irVersion = LEAST_IR;
  const msCalibration = await rewrite(model, options, log, emit, signal);
  throwIfAborted(signal);
  model.metadataProps = withMetadata(model.metadataProps, { 'limbeck.quantized': to });
  const quantized = writeModel(model);
  for (const message of log.notices) emit({ type: 'notice', message });
  const comparison = evaluate && (await compareModels(bytes, quantized, options, emit, signal));
  const left = log.nodes.filter(({ state }) => state === 'left').length;
  const report: QuantizeReport = {
    to,
    bytesBefore: bytes.byteLength,
    bytesAfter: quantized.byteLength,
    quantized: log.nodes.length - left,
    left,
    nodes: log.nodes,
    notices: log.notices,
    ...(comparison && { metric: comparison.metric, metricBefore: comparison.before, metricAfter: comparison.after }),
    ...(msCalibration !== undefined && { msCalibration }),
  };
  if (comparison !== undefined) requireTolerance(report, options);
  return { bytes: quantized, report };
}

/**
 * Batch normalization becomes part of the weights before it if nothing else reads those; otherwise there would be another
 * rounding between the two, and another node to run.
 */
function withNormsFolded(model: OnnxModel): OnnxModel {
  const isThere = model.graph.node.some(({ opType }) => opType === 'BatchNormalization');
  return isThere ? simplify(model, { fuse: false, standardOnly: true }) : model;
}

/** Changes the model in place; returns the milliseconds that calibration took. */
async function rewrite(
  model: OnnxModel,
  options: ReadQuantizeOptions,
  log: NodeLog,
  emit: (event: QuantizeEvent) => void,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { to, perChannel, exclude = [], blockSize, float16, keepInputs } = options;
  noteBranches(model, log);
  storeAsConstants(model);
  const draft = openDraft(model, []);
  let msCalibration: number | undefined;
  if (to === 'int4') toInt4(model, draft, { blockSize, exclude }, log);
  else if (to === 'dynamic-int8') toDynamicInt8(draft, { perChannel, exclude }, log);
  else if (to === 'float16') {
    if (float16 === 'graph') toFloat16Graph(model, draft, { exclude, keepInputs }, log);
    else toFloat16Weights(draft, exclude, log);
  } else {
    const plan = planStaticInt8(model, draft, { perChannel, exclude });
    const { calibration, calibrationExamples, method, percentile } = options;
    const started = performance.now();
    const { input, worker, assetBase, threads, name } = options;
    const ranges = await calibrate(model, plan.tensors, {
      ...{ input, worker, assetBase, threads, name, method, percentile, emit, signal },
      data: calibration as Dataset,
      examples: calibrationExamples,
    });
    msCalibration = performance.now() - started;
    plan.apply(ranges, log);
  }
  Object.assign(model.graph, draft.finish());
  pruneInside(model.graph);
  return msCalibration;
}

function noteBranches({ graph }: OnnxModel, log: NodeLog): void {
  const branching = graph.node.filter(({ attribute }) => attribute.some(({ g, graphs }) => g || graphs.length > 0));
  if (branching.length === 0) return;
  const operators = [...new Set(branching.map(({ opType }) => opType))].join(', ');
  log.notice(`What stands inside ${operators} was left as it is: only the main graph is quantized.`);
}
