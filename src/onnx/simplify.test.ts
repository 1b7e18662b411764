import { expect, test } from 'vitest';
import { type OnnxModel, readModel, writeModel } from './model.ts';
import { type Feeds, feedsOf, type ModelName, readModelFile, runModel } from './ortCases.ts';
import { prepareModel } from './prepare.ts';
import { type SimplifyOptions, simplify } from './simplify.ts';
import { floats, graphAttribute, modelOf, node, tinyBranches, value } from './tinyCases.ts';

/** The detector answers noise with zeros, so it is compared before its last Sigmoid. */
function modelBytes(name: ModelName): Uint8Array {
  const bytes = readModelFile(name);
  if (name !== 'detector') return bytes;
  return prepareModel(bytes, { name, taps: [{ inputOf: 'Sigmoid' }], untilTaps: true }).bytes;
}

function operators(model: OnnxModel): string[] {
  return model.graph.node.map(({ opType }) => opType);
}

async function expectSame(model: OnnxModel, simplified: OnnxModel, feeds: Feeds, within = 1e-5): Promise<void> {
  const wanted = await runModel(writeModel(model), feeds);
  const given = await runModel(writeModel(simplified), feeds);
  for (const [name, { data, dims }] of Object.entries(wanted)) {
    const [want, got] = [data as Float32Array, given[name]?.data as Float32Array];
    expect(given[name]?.dims).toEqual(dims);
    const top = want.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    expect(top).toBeGreaterThan(0);
    let worst = 0;
    for (const [i, one] of want.entries()) worst = Math.max(worst, Math.abs(one - (got[i] as number)));
    expect(worst / top).toBeLessThan(within);
  }
}

function shapesOf(model: OnnxModel, feeds: Feeds): Record<string, readonly number[]> {
  const known = Object.entries(feeds).filter(([name]) => model.graph.input.some((one) => one.name === name));
  return Object.fromEntries(known.map(([name, [, dims]]) => [name, dims]));
}

/** Nodes of the file, then simplified, with shapes, and as far as its own operator set goes. */
const COUNTS: [ModelName, number, number, number, number, SimplifyOptions][] = [
  ['detector', 671, 196, 196, 268, {}],
  ['reader', 765, 222, 203, 353, {}],
  ['direction', 471, 125, 125, 179, {}],
  ['wakeWord', 29, 9, 9, 25, {}],
  ['wakeWordOther', 29, 9, 9, 25, {}],
  // All of it stands in branches of one If, which the sample rate decides.
  ['voice', 5, 52, 36, 52, { inputValues: { sr: 16000 } }],
  ['voiceLegacy', 2, 80, 74, 80, { inputValues: { sr: 16000 } }],
];

test.each(COUNTS)('%s: %i nodes become %i, and give the same', async (name, all, fewer, withShapes, standard, more) => {
  const model = readModel(modelBytes(name), name);
  const before = writeModel(model);
  const feeds = feedsOf(name);
  const inputShapes = shapesOf(model, feeds);
  const plain = simplify(model, { ...more, standardOnly: true });
  expect(model.graph.node.length).toBe(all);
  expect(simplify(model, more).graph.node.length).toBe(fewer);
  expect(simplify(model, { ...more, inputShapes }).graph.node.length).toBe(withShapes);
  expect(plain.graph.node.length).toBe(standard);
  await expectSame(model, plain, feeds);
  await expectSame(model, simplify(model, { ...more, inputShapes, standardOnly: true }), feeds);
  expect(Buffer.compare(writeModel(model), before)).toBe(0);
});

test('newer operators: each says what the nodes before it said', async () => {
  const model = readModel(readModelFile('direction'));
  const newer = simplify(model);
  expect(operators(newer)).toContain('HardSwish');
  // HardSwish came with version 14; nothing else in this model changed its meaning between 11 and 14.
  newer.opsetImport = [{ ...(newer.opsetImport[0] as (typeof newer.opsetImport)[number]), version: 14n }];
  await expectSame(model, newer, feedsOf('direction'));
});

test('a model is as simple as it gets', () => {
  const once = simplify(readModel(readModelFile('reader')));
  const twice = simplify(once);
  expect(operators(twice)).toEqual(operators(once));
});

test('kept values survive, outputs keep their names and their order', async () => {
  const model = readModel(readModelFile('direction'));
  const inner = model.graph.node.find(({ opType }) => opType === 'Clip')?.output[0] as string;
  const gone = simplify(model);
  const kept = simplify(model, { keep: [inner] });
  const makers = (of: OnnxModel) => of.graph.node.flatMap(({ output }) => output);
  expect(makers(gone)).not.toContain(inner);
  expect(makers(kept)).toContain(inner);
  expect(kept.graph.output.map(({ name }) => name)).toEqual(model.graph.output.map(({ name }) => name));
  await expectSame(model, simplify(model, { keep: [inner], standardOnly: true }), feedsOf('direction'));
});

test('an If with a known condition becomes the branch, and values around it are still seen', async () => {
  const feeds: Feeds = { x: [Float32Array.of(1, -2, 3, 4), [2, 2]] };
  // Its last node lets nothing through that the first branch gives.
  const branches = () => {
    const made = tinyBranches();
    made.graph.node = [...made.graph.node.slice(0, -1), node('Neg', ['chosen'], ['y'])];
    return made;
  };
  const open = branches();
  const simplified = simplify(open);
  expect(operators(simplified)).toContain('If');
  await expectSame(open, simplified, feeds);
  for (const yes of [0, 1]) {
    const fixed = branches();
    const taken = fixed.graph.node.find(({ opType }) => opType === 'Greater');
    if (taken !== undefined) taken.input = ['zero', yes === 1 ? 'below' : 'zero'];
    fixed.graph.initializer.push(floats('below', [], [-1]));
    const flat = simplify(fixed);
    expect(operators(flat)).toEqual(yes === 1 ? ['Neg', 'Relu', 'Neg'] : ['Add', 'Neg']);
    await expectSame(fixed, flat, feeds);
  }
});

test('two branches with the same inner names do not meet', async () => {
  const branch = (by: number) => ({
    name: 'b',
    initializer: [floats('inner', [2], [by, by])],
    node: [node('Mul', ['x', 'inner'], ['out'])],
    output: [value('out', ['B', 2])],
  });
  const choice = (output: string, by: number) =>
    node('If', ['yes'], [output], {
      attribute: [graphAttribute('then_branch', branch(by)), graphAttribute('else_branch', branch(0))],
    });
  const model = modelOf({
    initializer: [floats('one', [], [1]), floats('two', [], [2])],
    node: [
      node('Less', ['one', 'two'], ['yes']),
      choice('first', 3),
      choice('second', 5),
      node('Add', ['first', 'second'], ['y']),
    ],
  });
  const flat = simplify(model);
  expect(operators(flat)).toEqual(['Mul', 'Mul', 'Add']);
  await expectSame(model, flat, { x: [Float32Array.of(1, 2), [1, 2]] });
});

test('the long name of ONNX’s own domain means the same, inside of branches too', () => {
  const long = <T extends OnnxModel['graph']>(graph: T): T => {
    for (const one of graph.node) {
      one.domain = 'ai.onnx';
      for (const { g } of one.attribute) if (g !== undefined) long(g);
    }
    return graph;
  };
  const made = () => {
    const zeros = node('Add', ['x', 'x'], ['two']);
    const branch = { name: 'b', node: [node('Identity', ['two'], ['i']), node('Relu', ['i'], ['out'])] };
    const inner = graphAttribute('then_branch', { ...branch, output: [value('out', ['B', 2])] });
    return modelOf({
      initializer: [floats('one', [], [1]), floats('two_', [], [2])],
      node: [
        zeros,
        node('Less', ['one', 'two_'], ['yes']),
        node('If', ['yes'], ['y'], { attribute: [inner, { ...inner, name: 'else_branch' }] }),
      ],
    });
  };
  const other = made();
  long(other.graph);
  expect(operators(simplify(made()))).toEqual(['Add', 'Relu']);
  expect(operators(simplify(other))).toEqual(['Add', 'Relu']);
  expect(other.graph.node.every(({ domain }) => domain === 'ai.onnx')).toBe(true);
});

test('an unknown option, input or value is refused', () => {
  const model = tinyBranches();
  const code = (options: object) => {
    try {
      simplify(model, options);
      return 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(code({ fold: true })).toBe('invalid-option');
  expect(code({ keep: ['nowhere'] })).toBe('invalid-option');
  expect(code({ inputShapes: { nowhere: [1] } })).toBe('unknown-input');
  expect(code({ inputShapes: { x: [1] } })).toBe('shape-mismatch');
  expect(code({ keep: ['n'] })).toBe('none');
});
