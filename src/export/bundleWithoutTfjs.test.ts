import { beforeAll, expect, test, vi } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { toBundle } from './bundle.ts';

// As a browser says it where no import map names tfjs.
const missing = new TypeError("Failed to resolve module specifier '@tensorflow/tfjs-layers'");
vi.mock('../core/withPeers.ts', async (original) => {
  const { withPeers } = await original<typeof import('../core/withPeers.ts')>();
  return { withPeers: () => withPeers(() => Promise.reject(missing)) };
});

let artifacts: StudentArtifacts;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const model = await buildStudent(await mlp({ inputShape: [7], classes: 4 }).portable(), 0);
  artifacts = await artifactsOf(model);
  model.dispose();
});

test('where tfjs is not to be found, an error names the package', async () => {
  await expect(toBundle(artifacts)).rejects.toMatchObject({
    code: 'backend-unavailable',
    details: { package: '@tensorflow/tfjs-layers' },
    cause: missing,
  });
});

test('a report that has the shapes makes it needless', async () => {
  const student = { inputs: { x: [7] }, outputs: { logits: [4] } };
  const { manifest } = await readBundle(await toBundle(artifacts, { report: { student } }));
  expect(manifest.outputs).toEqual({ logits: [null, 4] });
});
