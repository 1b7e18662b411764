import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../core/hash.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { artifactsOfCase, MODELS } from '../cases/patchCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student.ts';
import { withClasses, withFrozen } from '../topology/classifier.ts';
import { joinWeights, splitWeights } from '../weightBytes.ts';
import { cnn } from '../zoo/cnn.ts';
import { baseHash, canonicalTopology } from './baseHash.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

async function savedAgain(artifacts: StudentArtifacts): Promise<StudentArtifacts> {
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 9);
  const again = await artifactsOf(model);
  model.dispose();
  return again;
}

const changed = (artifacts: StudentArtifacts, from: string, to: string): StudentArtifacts => ({
  ...artifacts,
  modelTopology: JSON.parse(JSON.stringify(artifacts.modelTopology).replace(from, to)),
});

describe.each(Object.keys(MODELS))('a model %s', (name) => {
  test('has one hash: as files, loaded and saved by tfjs, as a student, and made again of named layers', async () => {
    const artifacts = await artifactsOfCase(name);
    const hash = await baseHash(artifacts);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await baseHash(artifactsFromFiles(toFiles(artifacts)))).toBe(hash);
    expect(await baseHash(await savedAgain(artifacts))).toBe(hash);
    expect(await baseHash(studentFromArtifacts('x', artifacts))).toBe(hash);
    expect(await baseHash(await artifactsOfCase(name))).toBe(hash);
  });

  test('keeps it when it has grown, through tfjs', async () => {
    const grown = withClasses(await artifactsOfCase(name), 5, 'zeros');
    expect(await baseHash(await savedAgain(grown))).toBe(await baseHash(grown));
    expect(await baseHash(grown)).not.toBe(await baseHash(await artifactsOfCase(name)));
  });

  test('has another one after any weight, name, shape or setting changed', async () => {
    const artifacts = await artifactsOfCase(name);
    const { weightSpecs, weightData } = artifacts;
    const bytes = new Uint8Array(weightData.slice(0));
    (bytes[bytes.length - 1] as number) ^= 1;
    const renamed = weightSpecs.map((spec, i) => (i === 0 ? { ...spec, name: 'other' } : spec));
    const reshaped = weightSpecs.map((spec, i) => (i === 0 ? { ...spec, shape: [...spec.shape].reverse() } : spec));
    const hashes = await Promise.all(
      [
        artifacts,
        { ...artifacts, weightData: bytes.buffer },
        { ...artifacts, weightSpecs: renamed },
        { ...artifacts, weightSpecs: reshaped },
        changed(artifacts, '"activation":"linear"', '"activation":"tanh"'),
        changed(artifacts, '"name":"hidden"', '"name":"hidden_2"'),
      ].map(baseHash),
    );
    expect(new Set(hashes).size).toBe(6);
  });

  test('has the same one however its weights are ordered and its keys are sorted, frozen or not', async () => {
    const artifacts = await artifactsOfCase(name);
    const hash = await baseHash(artifacts);
    const reversed = splitWeights(artifacts).reverse();
    const specs = reversed.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
    const data = joinWeights(reversed.map(({ bytes }) => bytes));
    expect(await baseHash({ ...artifacts, weightSpecs: specs, weightData: data })).toBe(hash);
    const topology = Object.fromEntries(Object.entries(artifacts.modelTopology).reverse());
    expect(await baseHash({ ...artifacts, modelTopology: topology })).toBe(hash);
    if (name !== 'sequential') expect(await baseHash(withFrozen(artifacts, 'hidden'))).toBe(hash);
    expect(await baseHash(changed(artifacts, 'tfjs-layers 4.22.0', 'tfjs-layers 5.0.0'))).toBe(hash);
  });
});

test('layers that tfjs numbers give another hash each time, which names of their own do not', async () => {
  const make = async (name?: string) => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], ...(name && { name }) })] });
    tf.tidy(() => model.setWeights([tf.ones([1, 1]), tf.zeros([1])]));
    const hash = await baseHash(model);
    model.dispose();
    return hash;
  };
  expect(await make()).not.toBe(await make());
  expect(await make('one')).toBe(await make('one'));
});

test('the seed with which a zoo student was built does not count, its weights do', async () => {
  const student = cnn({ inputShape: [12, 12, 1], classes: 3 });
  const [a, b] = await Promise.all(
    [1, 2].map(async (seed) => {
      const model = await buildStudent(await student.portable(), seed);
      const artifacts = await artifactsOf(model);
      model.dispose();
      return artifacts;
    }),
  );
  expect(await baseHash(a as StudentArtifacts)).not.toBe(await baseHash(b as StudentArtifacts));
  const same = { ...(b as StudentArtifacts), weightData: (a as StudentArtifacts).weightData };
  expect(await baseHash(same)).toBe(await baseHash(a as StudentArtifacts));
});

test('the hash is that of the text which it says', async () => {
  const topology = {
    config: { name: 'a', layers: [{ b: [1, null], a: 'x', seed: 3 }] },
    class_name: 'Model',
    backend: 'y',
  };
  const text = '{"class_name":"Model","config":{"layers":[{"a":"x","b":[1,null]}]}}';
  expect(canonicalTopology(topology)).toBe(text);
  const weightData = Uint8Array.of(1, 2, 3, 4).buffer;
  const line = `{"dtype":"float32","name":"w","sha":"${await sha256(Uint8Array.of(1, 2, 3, 4))}","shape":[1]}`;
  const artifacts = { modelTopology: topology, weightSpecs: [{ name: 'w', shape: [1], dtype: 'float32' }], weightData };
  expect(await baseHash(artifacts)).toBe(await sha256(new TextEncoder().encode(`${text}\n${line}`)));
});

test('a student without weights has none', async () => {
  await expect(baseHash(cnn())).rejects.toThrow(expect.objectContaining({ code: 'student-invalid' }));
  await expect(baseHash({} as never)).rejects.toThrow(expect.objectContaining({ code: 'student-invalid' }));
});
