import { describe, expect, test } from 'vitest';
import { fromArrays } from '../../../data/arrays.ts';
import { onnx as message, writeModel } from '../../../onnx/model.ts';
import { floats, modelOf, node, value } from '../../../onnx/tinyCases.ts';
import { headOnly } from '../../methods/headOnly.ts';
import { personalizeOnnx } from '../personalizeOnnx.ts';
import type { PersonalizeOnnxOptions } from '../personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from '../personalizeOnnxReport.ts';
import { loraCases, quick, taskOf } from './loraCases.ts';

const { run, working } = loraCases();

describe('what is wrong is told by code, before anything learns', () => {
  const labelled = (...labels: number[]) =>
    fromArrays({ data: new Float32Array(labels.length * 154), shape: [labels.length, 2, 11, 7] }, labels);
  test.each<[string, Partial<PersonalizeOnnxOptions>, string, string?]>([
    ['a target that there is not', { method: quick({ targets: ['fc.wait'] }) }, 'unknown-tensor'],
    ['no target', { method: quick({ targets: [] }) }, 'invalid-option'],
    [
      'a target that cannot learn',
      { method: quick({ targets: ['depthwise.0.weight'] }), data: taskOf([3, 10, 10], 3, 6, 1).data },
      'unsupported-operator',
      'depthwise',
    ],
    ['an output that there is not', { output: 'z' }, 'unknown-tensor'],
    ['an output that is no row of classes', { output: '/conv2/Conv_output_0' }, 'shape-mismatch'],
    ['an input option that there is not', { input: { std: 1 } as never }, 'invalid-option'],
    ['biases', { method: quick({ withBiases: true }) }, 'invalid-option'],
    ['an option of heads', { tap: 'x' }, 'invalid-option'],
    ['an option of lora for a head', { method: headOnly(), rank: 2 } as never, 'invalid-option'],
    ['names of other classes', { labels: ['a', 'b'] }, 'class-mismatch'],
    ['a label that is no class of the model', { data: labelled(0, 1, 5) }, 'class-mismatch'],
    ['a holdout with one', { holdout: labelled(5) }, 'class-mismatch'],
    ['examples of one class', { data: labelled(2, 2) }, 'class-mismatch'],
    ['an example without a label', { data: labelled(0, 1, -1) }, 'labels-missing'],
    ['inputs of another shape', { data: taskOf([2, 7, 11], 5, 6, 1).data }, 'shape-mismatch'],
  ])('%s', async (_, changed, code, name) => {
    const events: PersonalizeOnnxEvent[] = [];
    const refused = run(changed, name);
    await expect(
      (async () => {
        for await (const event of refused) events.push(event);
      })(),
    ).rejects.toMatchObject({ code });
    expect(events.some((event) => event.type === 'phase' && event.phase === 'learn')).toBe(false);
  });

  const graph = (last: string) => ({
    input: [value('x', ['B', 3])],
    output: [message.value({ name: 'y' })],
    initializer: [floats('w', [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 10])],
    node: [node('MatMul', ['x', 'w'], ['h']), node(last, ['h'], ['y'], { name: 'last' })],
  });
  const small = () => working({ data: taskOf([3], 3, 6, 1).data });

  test('a model that cannot be imported, with the node that is why', async () => {
    const refused = personalizeOnnx(writeModel(modelOf(graph('NonZero'))), small());
    await expect(refused.done).rejects.toMatchObject({
      code: 'unsupported-operator',
      message: expect.stringMatching(/"last" \(NonZero\).*headOnly\(\)/),
    });
  });

  test('classes that do not exclude each other, and probabilities without a Softmax', async () => {
    const sigmoid = personalizeOnnx(writeModel(modelOf(graph('Sigmoid'))), small());
    await expect(sigmoid.done).rejects.toMatchObject({ code: 'unsupported-operator', details: { read: 'h' } });
    const { node: nodes, ...fields } = graph('Exp');
    const shares = modelOf({
      ...fields,
      node: [
        ...nodes.slice(0, 1),
        node('Exp', ['h'], ['e']),
        node('ReduceSum', ['e', 'axes'], ['s']),
        node('Div', ['e', 's'], ['y']),
      ],
      initializer: [...fields.initializer, message.tensor({ name: 'axes', dims: [1n], dataType: 7, int64Data: [1n] })],
    });
    await expect(personalizeOnnx(writeModel(shares), small()).done).rejects.toMatchObject({ code: 'invalid-option' });
    const inner = await personalizeOnnx(writeModel(shares), { ...small(), output: 'h', method: quick({ epochs: 2 }) })
      .done;
    expect(inner.report.classes).toBe(3);
  });

  test('a run that is cancelled ends with an AbortError', async () => {
    const cancelled = run();
    const watching = (async () => {
      for await (const event of cancelled) if (event.type === 'step') cancelled.cancel();
    })();
    await expect(watching).rejects.toMatchObject({ name: 'AbortError' });
  });
});
