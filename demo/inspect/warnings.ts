import type { OnnxDescription } from 'limbeck';
import { countOf } from '../format.ts';

/** The oldest operator set that limbeck can bring to a newer one. */
const OLDEST_OPSET = 7;

/** What a person should know of a model before they use it, as sentences. */
export function warningsOf(model: OnnxDescription): string[] {
  const { externalFiles, opsets, bytesByDtype, hasControlFlow, isRecurrent, inputs, outputs, nodes } = model;
  const opset = opsets['ai.onnx'];
  const found: string[] = [];
  if (externalFiles.length > 0) {
    found.push(
      `Its weights stand in ${countOf(externalFiles.length, 'other file')} (${externalFiles.slice(0, 3).join(', ')}), which must lie beside it.`,
    );
  }
  if (opset !== undefined && opset < OLDEST_OPSET) {
    found.push(
      `Operator set ${opset} is older than ${OLDEST_OPSET}: heads and low-rank changes cannot be added. Export it anew if you can.`,
    );
  }
  const foreign = Object.keys(opsets).filter((domain) => !['ai.onnx', 'com.microsoft', 'ai.onnx.ml'].includes(domain));
  if (foreign.length > 0) found.push(`It uses operators of ${foreign.join(', ')}, which an engine may not have.`);
  const halves = ['float16', 'bfloat16'].filter((type) => type in bytesByDtype);
  if (halves.length > 0) {
    found.push(
      `It stores ${halves.join(' and ')}: limbeck’s kernels compute with float32 and refuse it; onnxruntime may be slower than with float32.`,
    );
  }
  if (hasControlFlow) found.push('It branches or loops, so its cost depends on the data.');
  if (isRecurrent && inputs.length > 1) {
    found.push(
      'It has recurrent cells and several inputs. If it carries a state from call to call, load it with the option recurrent.',
    );
  }
  const unknown = nodes.filter(({ outputs: given }) => given.some(({ shape }) => shape === null)).length;
  if (unknown > 0) found.push(`The shapes of ${countOf(unknown, 'node')} cannot be worked out from the file.`);
  const nameless = inputs.filter(({ shape }) => shape === null || shape.includes(null));
  if (nameless.length > 0) {
    found.push(`The file leaves lengths of ${nameless.map(({ name }) => name).join(', ')} open without naming them.`);
  }
  if (outputs.length > 1)
    found.push(
      `It has ${countOf(outputs.length, 'output')}. A loss reads those that you name; the option outputs fetches fewer.`,
    );
  return found;
}
