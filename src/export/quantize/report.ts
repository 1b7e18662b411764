import type { OnnxNode } from '../../onnx/model.ts';
import type { QuantizedForm } from '../quantizeOptions.ts';

/** What happened to one node with weights. */
export interface NodeReport {
  /** Its name, or that of its output. */
  readonly node: string;
  readonly operator: string;
  /** 'weights': stored smaller, computed in float; 'computed': computed in the small form; 'left': as it was. */
  readonly state: 'computed' | 'weights' | 'left';
  /** Why it was left, or why only its weights were quantized. */
  readonly why?: string;
}

/** What quantization did and what it cost, as plain values. */
export interface QuantizeReport {
  readonly to: QuantizedForm;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Nodes with weights: how many were quantized and how many were left, and each of them. */
  readonly quantized: number;
  readonly left: number;
  readonly nodes: readonly NodeReport[];
  /** One sentence for each thing to know, such as clamped values. */
  readonly notices: readonly string[];
  /** Its name. */
  readonly metric?: string;
  readonly metricBefore?: number;
  readonly metricAfter?: number;
  readonly msCalibration?: number;
}

/** A quantized model and its report. */
export interface Quantized {
  /** The quantized model, as an ONNX file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly report: QuantizeReport;
}

/** Records what happens to each node, in the order of the file. */
export interface NodeLog {
  readonly nodes: NodeReport[];
  readonly notices: string[];
  note(node: OnnxNode, state: NodeReport['state'], why?: string): void;
  notice(message: string): void;
}

export function makeLog(): NodeLog {
  const nodes: NodeReport[] = [];
  const notices: string[] = [];
  return {
    nodes,
    notices,
    note: (node, state, why) =>
      void nodes.push({ node: labelOf(node), operator: node.opType, state, ...(why !== undefined && { why }) }),
    notice: (message) => void notices.push(message),
  };
}

/** Whether a node is excluded, by its name or its operator. */
export function isExcluded(node: OnnxNode, exclude: readonly string[]): boolean {
  return exclude.includes(node.opType) || (node.name !== '' && exclude.includes(node.name));
}

/** A node's name, or that of its first output. */
export function labelOf({ name, output }: OnnxNode): string {
  return name !== '' ? name : (output[0] ?? '');
}
