import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Detection } from './detect.ts';
import { listen } from './listen.ts';
import { bursts, hearingStudent, loudness } from './listenCases.ts';

// What a browser has for sound, as far as listening touches it; e2e/listen.spec.ts uses a real one.
class FakeNode {
  port = { onmessage: null as ((event: { data: Float32Array }) => void) | null, postMessage: vi.fn() };
  connect = vi.fn();
  disconnect = vi.fn();
}
const world = {
  node: undefined as FakeNode | undefined,
  contexts: [] as FakeContext[],
  tracks: [] as FakeTrack[],
  modules: [] as string[],
  ask: vi.fn(),
};
class FakeContext {
  sampleRate = 48_000;
  isClosed = false;
  destination = {};
  audioWorklet = { addModule: async (url: string) => void world.modules.push(url) };
  constructor() {
    world.contexts.push(this);
  }
  createMediaStreamSource = () => new FakeNode();
  resume = async () => undefined;
  close = async () => {
    this.isClosed = true;
  };
}
class FakeTrack extends EventTarget {
  isStopped = false;
  constructor() {
    super();
    world.tracks.push(this);
  }
  stop() {
    this.isStopped = true;
  }
}
const stream = () => {
  const tracks = [new FakeTrack()];
  return {
    getTracks: () => tracks,
    getAudioTracks: () => tracks,
    [Symbol.toStringTag]: 'MediaStream',
  } as unknown as MediaStream;
};
const ears = () => hearingStudent([3200], (window) => 40 * (loudness(window) - 0.2)).student;
const play = (sound: Float32Array) => {
  for (let at = 0; at < sound.length; at += 1024) world.node?.port.onmessage?.({ data: sound.slice(at, at + 1024) });
};
const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  Object.assign(world, { node: undefined, contexts: [], tracks: [], modules: [], ask: vi.fn(async () => stream()) });
  vi.stubGlobal('AudioNode', FakeNode);
  vi.stubGlobal('AudioContext', FakeContext);
  vi.stubGlobal(
    'AudioWorkletNode',
    class extends FakeNode {
      constructor() {
        super();
        world.node = this;
      }
    },
  );
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: world.ask } });
});
afterEach(() => vi.unstubAllGlobals());

test('hears a word in what the microphone sends, at its own rate, and lets go of it', async () => {
  const scores: number[] = [];
  const listener = await listen(ears(), {
    hopSeconds: 0.05,
    assetBase: 'https://here/files',
    onScore: (score) => scores.push(score),
  });
  expect(world.ask).toHaveBeenCalledWith({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  expect(world.modules).toEqual(['https://here/files/threads.js']);
  expect(listener.sampleRate).toBe(48_000);
  const heard: Detection[] = [];
  const iterated = (async () => {
    for await (const one of listener) heard.push(one);
  })();
  const sound = bursts(2, [[0.8, 1.2]], 48_000);
  // As the student keeps up with it.
  for (let at = 0; at < sound.length; at += 9600) {
    play(sound.slice(at, at + 9600));
    await settled();
  }
  await listener[Symbol.asyncDispose]();
  await iterated;
  expect(heard.length).toBe(1);
  expect(heard[0]?.seconds).toBeGreaterThan(0.8);
  expect(heard[0]?.seconds).toBeLessThan(1.2);
  expect(scores.length).toBeGreaterThan(30);
  expect(listener.missed).toBe(0);
  expect(world.tracks.map(({ isStopped }) => isStopped)).toEqual([true]);
  expect(world.contexts.map(({ isClosed }) => isClosed)).toEqual([true]);
  await listener[Symbol.asyncDispose]();
});

test('leaves a stream that was given to its owner, and tells when it ends', async () => {
  const listener = await listen(ears(), { source: stream() });
  world.tracks[0]?.dispatchEvent(new Event('ended'));
  await expect(listener[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'microphone-unavailable',
    details: { reason: 'lost' },
  });
  expect(world.ask).not.toHaveBeenCalled();
  expect(world.tracks[0]?.isStopped).toBe(false);
  expect(world.contexts[0]?.isClosed).toBe(true);
});

test('listens to a node in its own context, which it does not close', async () => {
  const context = new FakeContext();
  const source = Object.assign(new FakeNode(), { context });
  await using listener = await listen(ears(), { source: source as unknown as AudioNode });
  expect(source.connect).toHaveBeenCalledWith(world.node);
  await listener[Symbol.asyncDispose]();
  expect(source.disconnect).toHaveBeenCalledWith(world.node);
  expect(context.isClosed).toBe(false);
});

test('leaves out the oldest windows where the student is slower than the sound, and counts them', async () => {
  const student = ears();
  let answer: () => void = () => undefined;
  const predict: typeof student.predict = async (inputs) => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return student.predict(inputs);
  };
  await using listener = await listen({ ...student, predict } as typeof student, { hopSeconds: 0.05 });
  play(bursts(2, [], 48_000));
  answer();
  await settled();
  // 2 s less the first window, less one that is asked and ten that wait.
  expect(listener.missed).toBeGreaterThan(20);
});

test('a student that fails ends it with its error, and the signal without one', async () => {
  const student = ears();
  const predict = () => Promise.reject(new Error('gone'));
  const failing = await listen({ ...student, predict } as typeof student);
  play(bursts(1, [], 48_000));
  await expect(failing[Symbol.asyncIterator]().next()).rejects.toThrow('gone');
  expect(world.contexts[0]?.isClosed).toBe(true);
  const controller = new AbortController();
  const stopped = await listen(student, { signal: controller.signal });
  controller.abort();
  expect(await stopped[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  expect(world.tracks.every(({ isStopped }) => isStopped)).toBe(true);
});

test.each([
  ['NotAllowedError', 'refused', 'may not use the microphone'],
  ['NotFoundError', 'missing', 'Connect one'],
  ['NotReadableError', 'busy', 'Close other programs'],
  ['OverconstrainedError', 'failed', 'gave no microphone'],
])('a microphone that fails with %s is a typed error before anything is opened', async (name, reason, sentence) => {
  world.ask.mockRejectedValue(new DOMException('no', name));
  await expect(listen(ears())).rejects.toMatchObject({
    code: 'microphone-unavailable',
    details: { reason },
    message: expect.stringContaining(sentence),
  });
  expect(world.contexts.length).toBe(0);
});

test('without a window on https there is no microphone, and no AudioContext without a page', async () => {
  vi.stubGlobal('navigator', {});
  await expect(listen(ears())).rejects.toMatchObject({ details: { reason: 'insecure' } });
  vi.stubGlobal('AudioContext', undefined);
  await expect(listen(ears(), { source: stream() })).rejects.toMatchObject({ code: 'backend-unavailable' });
});

test('a script that cannot be loaded is named, and the microphone let go of', async () => {
  vi.stubGlobal(
    'AudioContext',
    class extends FakeContext {
      override audioWorklet = { addModule: () => Promise.reject(new Error('404')) };
    },
  );
  await expect(listen(ears(), { assetBase: '/none' })).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringContaining('/none/threads.js'),
  });
  expect(world.tracks[0]?.isStopped).toBe(true);
  expect(world.contexts[0]?.isClosed).toBe(true);
});

test.each([
  ['another source', { source: 'loudspeaker' }],
  ['a threshold above 1', { threshold: 2 }],
  ['an unknown option', { volume: 1 }],
])('refuses %s before the person is asked', async (_, options) => {
  await expect(listen(ears(), options as never)).rejects.toMatchObject({ code: 'invalid-option' });
  expect(world.ask).not.toHaveBeenCalled();
});
