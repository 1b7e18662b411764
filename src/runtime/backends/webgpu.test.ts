import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { builtAssets } from '../cases/assetCases.ts';
import * as tf from '../tf.ts';
import type { BackendOptions, OpenBackend } from './backend.ts';
import { openBackendHere } from './open.ts';
import { differenceFromCpu } from './webgpuCheck.ts';

const WASM: BackendOptions = { backend: 'wasm', threads: 1, simdLevel: 'simd', assetBase: builtAssets() };

test('where there is no GPU, training runs on wasm and says why', async () => {
  const opened = await openBackendHere({ ...WASM, backend: 'webgpu' });
  try {
    expect(opened.description).toMatchObject({ backend: 'wasm', hasKernels: true });
    expect(opened.description.notices[0]).toBe(
      'tfjs runs on wasm, because WebGPU cannot be used: this browser offers none here.',
    );
    expect(opened.gpuDevice).toBeUndefined();
  } finally {
    opened.dispose();
  }
});

test('another backend is refused by name', async () => {
  await expect(openBackendHere({ backend: 'webgl' as never })).rejects.toMatchObject({ code: 'invalid-option' });
});

describe('the comparison with plain JavaScript', () => {
  let opened: OpenBackend;
  let tensorsBefore = 0;
  beforeEach(async () => {
    opened = await openBackendHere(WASM);
    tensorsBefore = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensorsBefore);
    opened.dispose();
  });

  test('finds nothing on a backend that computes right, and leaves it current', async () => {
    expect(await differenceFromCpu('wasm')).toBeUndefined();
    expect(tf.getBackend()).toBe('wasm');
  });

  test.each(['Conv2DBackpropFilter', 'MaxPoolGrad', 'BatchMatMul'])(
    'finds a %s that computes nothing',
    async (name) => {
      const right = tf.getKernel(name, 'wasm') as tf.KernelConfig;
      tf.unregisterKernel(name, 'wasm');
      tf.registerKernel({
        ...right,
        kernelFunc(call) {
          const result = right.kernelFunc(call) as tf.TensorInfo;
          (tf.backend() as tf.BackendWasm).typedArrayFromHeap(result).fill(0);
          return result;
        },
      });
      try {
        expect(await differenceFromCpu('wasm')).toMatch(/of a test is/);
      } finally {
        tf.unregisterKernel(name, 'wasm');
        tf.registerKernel(right);
      }
    },
  );
});
