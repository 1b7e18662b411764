// Real onnxruntime-web and tfjs, on this thread.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { onnx, readModel, writeModel } from '../onnx/model.ts';
import { modelOf, node, tinyClassifier, value } from '../onnx/tinyCases.ts';
import { toFiles } from '../student/files/files.ts';
import { packBundle } from '../student/files/packBundle.ts';
import { studentFromArtifacts } from '../student/student.ts';
import { images, labels, loadedStudents } from './loadCases.ts';
import type { PredictInputs } from './predictInputs.ts';
import type { PredictSource } from './readSource.ts';

const { given, load, expectAnswers } = loadedStudents();

describe('a bundle', () => {
  test.each(['onnxruntime', 'tfjs'] as const)('answers in %s', async (engine) => {
    const student = await load(given.bundle, { engine });
    await expectAnswers(student);
    expect(student.description).toMatchObject({
      name: 'shapes',
      engine,
      why: 'It was asked for.',
      labels,
      input: { kind: 'image' },
      outputs: { logits: [null, 3] },
      bytes: given.bundle.length,
    });
    expect(Object.values(student.description.inputs)).toEqual([[null, 10, 10, 1]]);
  });

  test('with both forms is measured, and says how', async () => {
    const student = await load(new Blob([given.bundle]));
    expect(student.description.why).toMatch(/^One example takes .* ms in onnxruntime and .* ms in tfjs here\.$/);
    expect(student.description.notices).toEqual([]);
    const [ortMs, tfjsMs] = [...student.description.why.matchAll(/([\d.e+-]+) ms/g)].map(([, ms]) => Number(ms));
    expect(student.description.engine).toBe((ortMs as number) <= (tfjsMs as number) ? 'onnxruntime' : 'tfjs');
    await expectAnswers(student);
  });

  test('whose ONNX says something else runs in tfjs, and says so', async () => {
    const student = await load(await given.tiny.bundle(given.tiny.onnx(1.01)));
    expect(student.description.engine).toBe('tfjs');
    expect(student.description.notices.join()).toContain('gives other numbers');
    await expectAnswers(student);
  });

  test('whose manifest names no classes has those that its ONNX names', async () => {
    const metadataProps = [{ key: 'limbeck.labels', value: JSON.stringify(['x', 'y', 'z']) }];
    const model = readModel(given.tiny.onnx());
    const named = writeModel({ ...model, metadataProps: onnx.model({ metadataProps }).metadataProps });
    const about = { name: 'bare', inputs: { input: [null, 10, 10, 1] }, outputs: { logits: [null, 3] } };
    const student = await load(await packBundle({ about, artifacts: given.tiny.artifacts, onnx: named }), {
      engine: 'tfjs',
    });
    expect(student.description.labels).toEqual(['x', 'y', 'z']);
    expect((await student.predict(images(2))).probabilities?.shape).toEqual([2, 3]);
  });

  test('whose ONNX does not open runs in tfjs, and says so', async () => {
    const student = await load(await given.tiny.bundle(Uint8Array.of(8, 8, 8)));
    expect(student.description.engine).toBe('tfjs');
    expect(student.description.notices.join()).toContain('onnxruntime did not open here');
    await expectAnswers(student);
  });
});

test('bytes are pixels, in either form', async () => {
  const data = Uint8Array.from({ length: 200 }, (_, i) => (i * 31) % 256);
  const shape = [2, 10, 10, 1];
  for (const engine of ['onnxruntime', 'tfjs'] as const) {
    const student = await load(given.bundle, { engine });
    const { outputs } = await student.predict({ data: Float32Array.from(data, (byte) => byte / 255), shape });
    expect((await student.predict({ data, shape })).outputs).toEqual(outputs);
    expect((await student.predict(data)).outputs).toEqual(outputs);
  }
});

test('numbers of another realm, and by name, are what they are', async () => {
  const data = Float32Array.from({ length: 100 }, (_, i) => Math.cos(i));
  const foreign = runInNewContext('(values) => new Float32Array(values)')(Array.from(data)) as Float32Array;
  for (const engine of ['onnxruntime', 'tfjs'] as const) {
    const student = await load(given.bundle, { engine });
    const { outputs } = await student.predict(data);
    expect((await student.predict(foreign)).outputs).toEqual(outputs);
    const [name = ''] = Object.keys(student.description.inputs);
    const named = await student.predict({ [name]: { data: foreign, shape: [1, 10, 10, 1] } });
    expect(named.outputs).toEqual(outputs);
    await expect(student.predict(Float64Array.from(data) as never)).rejects.toThrow(/given Float64Array/);
  }
});

test('a student that is disposed while it answers is named', async () => {
  const student = await load(given.bundle, { engine: 'tfjs' });
  const { predict } = student;
  const asking = Promise.all([predict(new Float32Array(100)), student[Symbol.asyncDispose]()]);
  await asking;
  await expect(predict(new Float32Array(100))).rejects.toMatchObject({
    code: 'disposed',
    message: expect.stringContaining('"shapes"'),
  });
});

describe('a student comes from', () => {
  const files = async () => toFiles(given.tiny.artifacts) as unknown as Record<string, string | Uint8Array>;
  const sources: Record<string, () => Promise<PredictSource>> = {
    artifacts: async () => given.tiny.artifacts,
    'a trained student': async () => studentFromArtifacts('s', given.tiny.artifacts),
    'files by their names': files,
    'files that were picked': async () =>
      Object.entries(await files()).map(([name, content]) => new File([content as BlobPart], name)),
    'a copy of bytes': async () => given.bundle.slice().buffer,
  };
  test.each(Object.keys(sources))('%s', async (kind) => {
    await expectAnswers(await load(await (sources[kind] as () => Promise<PredictSource>)(), { engine: 'tfjs' }));
  });

  test('addresses: of a bundle, of ONNX, and of a model.json with its weights beside it', async () => {
    const served: Record<string, BodyInit> = {
      '/m/digits.limbeck': given.bundle,
      '/m/tiny.onnx': writeModel(tinyClassifier()) as Uint8Array<ArrayBuffer>,
    };
    for (const [name, content] of Object.entries(await files())) served[`/m/net/${name}`] = content as BodyInit;
    const asked: string[] = [];
    const { fetch } = globalThis;
    globalThis.fetch = async (url) => {
      const { pathname, search } = new URL(String(url));
      asked.push(search);
      return new Response(served[pathname] ?? null, { status: served[pathname] === undefined ? 404 : 200 });
    };
    try {
      const at = (path: string) => `http://localhost/m/${path}?key=1`;
      expect((await load(at('digits.limbeck'), { engine: 'onnxruntime' })).description.name).toBe('shapes');
      expect((await load(new URL(at('tiny.onnx')))).description).toMatchObject({ name: 'tiny', engine: 'onnxruntime' });
      const net = await load(at('net/model.json'));
      expect(net.description).toMatchObject({ name: 'net', engine: 'tfjs' });
      await expectAnswers(net);
      expect(new Set(asked)).toEqual(new Set(['?key=1']));
      await expect(load(at('nothing'))).rejects.toMatchObject({ code: 'model-unreachable' });
    } finally {
      globalThis.fetch = fetch;
    }
  });
});

describe('an ONNX file', () => {
  const input = Float32Array.from({ length: 8 }, (_, i) => i / 8);

  test('names its classes and its input in its own metadata, and gives probabilities', async () => {
    const metadataProps = [
      { key: 'other', value: '' },
      { key: 'limbeck.labels', value: JSON.stringify(labels) },
      { key: 'limbeck.input', value: '{"kind":"audio"}' },
    ];
    const student = await load(
      writeModel({ ...tinyClassifier(), metadataProps: onnx.model({ metadataProps }).metadataProps }),
    );
    expect(student.description).toMatchObject({ labels, input: { kind: 'audio' } });
    const { outputs, labels: said, probabilities } = await student.predict(input);
    // It ends with a softmax: probabilities stay as they are.
    expect(probabilities?.data).toEqual(outputs['logits']?.data);
    expect(said?.length).toBe(2);
  });

  test('takes numbers without a shape, with one, or by a name', async () => {
    const student = await load(writeModel(tinyClassifier()));
    expect(student.description.labels).toBeUndefined();
    const bare = await student.predict(input);
    expect(bare).not.toHaveProperty('labels');
    const array = { data: input, shape: [2, 4] };
    const forms: PredictInputs[] = [array, { x: array }, { anything: array }];
    for (const given of forms) {
      expect((await student.predict(given)).outputs).toEqual(bare.outputs);
    }
    expect(input[7], 'arrays stay the caller’s').toBe(7 / 8);
  });

  test('of whole numbers and halves is given them', async () => {
    const model = modelOf({
      input: [value('i', ['B', 2], 7), value('h', ['B', 2], 10)],
      output: [value('p', ['B', 2], 7), value('q', ['B', 2], 10)],
      node: [node('Neg', ['i'], ['p']), node('Neg', ['h'], ['q'])],
    });
    const student = await load(writeModel(model));
    const { outputs } = await student.predict({
      i: { data: Int32Array.of(3, -4), shape: [1, 2] },
      h: { data: Float32Array.of(1.5, -2), shape: [1, 2] },
    });
    expect(outputs['p']?.data).toEqual(Int32Array.of(-3, 4));
    expect(outputs['q']?.data).toEqual(Float32Array.of(-1.5, 2));
  });

  test('that several ask at once answers all of them', async () => {
    const student = await load(writeModel(tinyClassifier()));
    const one = await student.predict(input);
    const all = await Promise.all(Array.from({ length: 8 }, () => student.predict(input)));
    for (const { outputs } of all) expect(outputs).toEqual(one.outputs);
  });
});
