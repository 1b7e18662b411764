// What the package exports of this folder.
export { type BundleOptions, toBundle } from './bundle.ts';
export type { LatencyFigure, ReportFigures } from './cardSections.ts';
export { type ModelCardOptions, modelCard } from './modelCard.ts';
export type { NodeReport, Quantized, QuantizeReport } from './quantize/report.ts';
export { quantize } from './quantize.ts';
export type {
  CalibrationMethod,
  EvaluateOptions,
  QuantizedForm,
  QuantizeEvent,
  QuantizeMetric,
  QuantizeOptions,
} from './quantizeOptions.ts';
export { type SafetensorsOptions, toSafetensors } from './safetensors.ts';
export { type TfjsModelFiles, type TfjsOptions, toTfjs } from './tfjs.ts';
export { toOnnx } from './toOnnx.ts';
export type { ToOnnxOptions } from './toOnnxOptions.ts';
