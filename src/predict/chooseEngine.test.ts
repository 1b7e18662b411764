import { describe, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import { type Choice, chooseEngine, takeOnnx } from './chooseEngine.ts';
import type { Engine, EngineName } from './engine.ts';

const log: string[] = [];

/** An engine that takes so long and answers so. */
function fake(name: EngineName, ms: number, answer: number[] | Error): Engine {
  return {
    name,
    opened: { threads: 1, inputs: { x: [null, 2, null] }, outputs: { logits: [null, 2] }, notices: [] },
    async run(inputs: NamedArrays) {
      expect(inputs['x']?.shape).toEqual([1, 2, 16]);
      const start = performance.now();
      while (performance.now() - start < ms);
      if (answer instanceof Error) throw answer;
      return { logits: { data: Float32Array.from(answer), shape: [1, answer.length] } };
    },
    [Symbol.asyncDispose]: async () => void log.push(`${name} ended`),
  };
}

type Given = Readonly<Record<EngineName, { readonly ms: number; readonly answer: number[] | Error }>>;

type Open = (name: EngineName) => Promise<Engine>;

async function chosen(
  given: Given,
  signal?: AbortSignal,
  choose: (open: Open) => Promise<Choice> = (open) => chooseEngine(open, signal),
) {
  log.length = 0;
  const { engine, why, notices } = await choose(async (name) => {
    const { ms, answer } = given[name];
    if (ms < 0) throw new Error('no room');
    log.push(`${name} opened`);
    return fake(name, ms, answer);
  });
  return { engine: engine.name, why, notices, log: log.filter((line) => line.endsWith('ended')), opened: opened() };
}

const opened = () => log.filter((line) => line.endsWith('opened')).map((line) => line.split(' ')[0]);

const says = (ms: number, answer: number[] | Error = [1, 2]) => ({ ms, answer });

test('the faster one stays, and the other ends', async () => {
  const first = await chosen({ onnxruntime: says(1), tfjs: says(8) });
  expect(first).toMatchObject({ engine: 'onnxruntime', notices: [], log: ['tfjs ended'] });
  const second = await chosen({ onnxruntime: says(8), tfjs: says(1) });
  expect(second).toMatchObject({ engine: 'tfjs', notices: [], log: ['onnxruntime ended'] });
  expect(second.why).toMatch(/^One example takes [\d.]+ ms in onnxruntime and [\d.]+ ms in tfjs here\.$/);
});

test.each<[string, number[]]>([
  ['other numbers', [1, 2.0003]],
  ['another number of them', [1, 2, 3]],
  ['no numbers', [1, Number.NaN]],
])('of engines that disagree tfjs stays: %s', async (_, answer) => {
  const choice = await chosen({ onnxruntime: says(0, answer), tfjs: says(2) });
  expect(choice).toMatchObject({ engine: 'tfjs', log: ['onnxruntime ended'] });
  expect(choice.notices[0]).toContain('gives other numbers');
});

test('a difference within 1e-4 of the largest answer is none', async () => {
  const choice = await chosen({ onnxruntime: says(0, [1.0001, 2]), tfjs: says(3) });
  expect(choice).toMatchObject({ engine: 'onnxruntime', notices: [] });
});

test('one that does not open leaves the other; two leave none', async () => {
  const choice = await chosen({ onnxruntime: says(-1), tfjs: says(0) });
  expect(choice).toMatchObject({ engine: 'tfjs', notices: ['onnxruntime did not open here: no room'] });
  expect((await chosen({ onnxruntime: says(0), tfjs: says(-1) })).engine).toBe('onnxruntime');
  await expect(chosen({ onnxruntime: says(-1), tfjs: says(-1) })).rejects.toThrow('no room');
});

test('one that cannot answer leaves the other', async () => {
  const broken = new Error('broken');
  const choice = await chosen({ onnxruntime: says(0, broken), tfjs: says(0) });
  expect(choice).toMatchObject({ engine: 'tfjs', log: ['onnxruntime ended'] });
  expect(choice.why).toContain('broken');
  expect(await chosen({ onnxruntime: says(0), tfjs: says(0, broken) })).toMatchObject({ engine: 'onnxruntime' });
});

test('a cancelled choice ends both', async () => {
  const cancelled = chosen({ onnxruntime: says(0), tfjs: says(0) }, AbortSignal.abort());
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  expect(log.filter((line) => line.endsWith('ended')).sort()).toEqual(['onnxruntime ended', 'tfjs ended']);
});

test('a choice that is cancelled while it warms up asks nothing more', async () => {
  const controller = new AbortController();
  let asked = 0;
  const open = async (name: EngineName): Promise<Engine> => {
    const engine = fake(name, 0, [1, 2]);
    return {
      ...engine,
      run(inputs) {
        if (++asked === 3) controller.abort();
        return engine.run(inputs);
      },
    };
  };
  await expect(chooseEngine(open, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(asked).toBe(4);
});

describe('an ONNX form that was quantized', () => {
  const taken = (given: Given, form = 'static-int8') => chosen(given, undefined, (open) => takeOnnx(open, form));

  test('is taken, slower or not, whatever it says, and nothing else is opened', async () => {
    const choice = await taken({ onnxruntime: says(3, [5, -2]), tfjs: says(0) });
    expect(choice).toMatchObject({ engine: 'onnxruntime', notices: [], log: [], opened: ['onnxruntime'] });
    expect(choice.why).toMatch(/quantized \(static-int8\).*engine: 'tfjs'/);
  });

  test('is taken where all tabs must take the same, and says so', async () => {
    const choice = await chosen({ onnxruntime: says(3), tfjs: says(0) }, undefined, (open) =>
      takeOnnx(open, undefined),
    );
    expect(choice).toMatchObject({ engine: 'onnxruntime', opened: ['onnxruntime'] });
    expect(choice.why).toMatch(/^All tabs take its ONNX form/);
  });

  test.each([
    ['does not open', says(-1), 'no room', []],
    ['cannot answer', says(0, new Error('broken')), 'broken', ['onnxruntime ended']],
  ])('and %s leaves the other', async (_, onnxruntime, why, ended) => {
    const choice = await taken({ onnxruntime, tfjs: says(0) });
    expect(choice).toMatchObject({ engine: 'tfjs', log: ended });
    expect(choice.notices.join()).toContain(why);
  });
});
