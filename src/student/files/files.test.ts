import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { applyStudent, buildStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import { parameterCount, type StudentArtifacts } from '../student.ts';
import { cnn } from '../zoo/cnn.ts';
import { artifactsFromFiles, type StudentFiles, toFiles } from './files.ts';

const invalid = expect.objectContaining({ code: 'student-invalid' });
const student = cnn({ inputShape: [12, 12, 1], classes: 3 });

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

async function builtArtifacts(): Promise<StudentArtifacts> {
  const model = await buildStudent(await student.portable(), 5);
  const artifacts = await artifactsOf(model);
  model.dispose();
  return artifacts;
}

describe('the files of a student', () => {
  test('give back topology, names, shapes and every bit of the weights', async () => {
    const artifacts = await builtArtifacts();
    const back = artifactsFromFiles(toFiles(artifacts));
    expect(back.modelTopology).toEqual(artifacts.modelTopology);
    expect(back.weightSpecs).toEqual(artifacts.weightSpecs);
    expect(new Uint8Array(back.weightData)).toEqual(new Uint8Array(artifacts.weightData));
    expect(parameterCount(back)).toBe(artifacts.weightData.byteLength / 4);
  });

  test('are a model that plain tfjs loads, and that predicts the same', async () => {
    const tensorsBefore = tf.memory().numTensors;
    const artifacts = await builtArtifacts();
    const files = toFiles(artifacts);
    const { modelTopology, weightsManifest } = JSON.parse(files['model.json']);
    const plain = await tf.loadLayersModel({
      load: async () => ({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: files['weights.bin'].buffer,
      }),
    });
    const again = await buildStudent({ kind: 'artifacts', artifacts: artifactsFromFiles(files) }, 99);
    tf.tidy(() => {
      const images = tf.randomNormal([4, 12, 12, 1], 0, 1, 'float32', 3);
      const [a, b] = [plain, again].map((model) => applyStudent(model, [images], 'inference')['logits']?.dataSync());
      expect(a?.length).toBe(12);
      expect(a).toEqual(b);
    });
    plain.dispose();
    again.dispose();
    expect(weightsManifest[0].paths).toEqual(['weights.bin']);
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('are copies: changing them does not change the student', async () => {
    const artifacts = await builtArtifacts();
    const before = new Uint8Array(artifacts.weightData.slice(0));
    const files = toFiles(artifacts);
    files['weights.bin'].fill(0);
    expect(new Uint8Array(artifacts.weightData)).toEqual(before);
    const back = artifactsFromFiles(files);
    files['weights.bin'].fill(1);
    expect(new Uint8Array(back.weightData).every((byte) => byte === 0)).toBe(true);
  });

  test('may be a part of a larger buffer', async () => {
    const files = toFiles(await builtArtifacts());
    const larger = new Uint8Array(files['weights.bin'].length + 7);
    larger.set(files['weights.bin'], 3);
    const part = larger.subarray(3, larger.length - 4);
    const back = artifactsFromFiles({ ...files, 'weights.bin': part });
    expect(new Uint8Array(back.weightData)).toEqual(files['weights.bin']);
  });

  test('are refused where they are no student', async () => {
    const good = toFiles(await builtArtifacts());
    const model = JSON.parse(good['model.json']);
    const withModel = (changed: unknown): StudentFiles => ({ ...good, 'model.json': JSON.stringify(changed) });
    const bad: Record<string, StudentFiles> = {
      'no JSON': { ...good, 'model.json': '<!doctype html>' },
      'an empty model.json': { ...good, 'model.json': '' },
      'JSON of something else': withModel({ name: 'cnn' }),
      null: withModel(null),
      'no topology': withModel({ ...model, modelTopology: undefined }),
      'a topology of null': withModel({ ...model, modelTopology: null }),
      'no weights': withModel({ ...model, weightsManifest: undefined }),
      'too few bytes': { ...good, 'weights.bin': good['weights.bin'].slice(0, -4) },
      'too many bytes': { ...good, 'weights.bin': new Uint8Array(good['weights.bin'].length + 4) },
      'no bytes': { ...good, 'weights.bin': undefined as never },
    };
    for (const [name, files] of Object.entries(bad)) {
      expect(() => artifactsFromFiles(files), name).toThrow(invalid);
    }
  });

  test('say what is wrong with the length of the weights', async () => {
    const good = toFiles(await builtArtifacts());
    const cut = { ...good, 'weights.bin': good['weights.bin'].slice(0, 100) };
    expect(() => artifactsFromFiles(cut)).toThrow(
      `weights.bin has 100 bytes, model.json describes ${good['weights.bin'].length}`,
    );
  });
});
