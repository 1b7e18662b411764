import { type ErrorDetails, LimbeckError } from '../../core/errors.ts';
import type { OnnxNode } from '../model.ts';

/** How a fault of a model file is told; `what` says what is wrong and where. */
export type Broken = (what: string, details?: ErrorDetails, advice?: string) => LimbeckError;

/** Makes the errors of one model, so that every one of them names it. */
export function brokenModel(name: string): Broken {
  return (what, details = {}, advice = 'Check that the file arrived whole, or export it again.') =>
    new LimbeckError('invalid-onnx', `"${name}" is no valid ONNX model: ${what} ${advice}`, {
      details: { name, ...details },
    });
}

/** "node 12 (Conv "stem")"; nodes are counted from 0. */
export function nodeLabel({ opType, name }: OnnxNode, index: number): string {
  return `node ${index} (${opType === '' ? 'no operator' : quoted(opType, '')}${name === '' ? '' : ` ${quoted(name)}`})`;
}

/** A name from a file, fit for a sentence: not too long, and without what no screen shows. */
export function quoted(name: string, mark = '"'): string {
  const shown = name.slice(0, 78).replace(/\p{C}/gu, '\ufffd');
  return `${mark}${name.length > 78 ? `${shown}…` : shown}${mark}`;
}
