import { type Detection, detect, type LimbeckError, listen, loadStudent } from 'limbeck/run';

const OPTIONS = { smoothing: 1, threshold: 0.9 };

/** Every track that the page was given. */
const tracks: MediaStreamTrack[] = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  tracks.push(...stream.getTracks());
  return stream;
};

/** Listens to the microphone until so many words were heard; tells them, the scores, and what is left open. */
export async function hear(address: string, words: number) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  const heard: Detection[] = [];
  const scores: number[] = [];
  const listener = await listen(student, { ...OPTIONS, onScore: (score) => scores.push(score) });
  const during = tracks.map(({ readyState }) => readyState);
  for await (const one of listener) {
    heard.push(one);
    if (heard.length === words) break;
  }
  await listener[Symbol.asyncDispose]();
  const { sampleRate, missed } = listener;
  const after = tracks.map(({ readyState }) => readyState);
  return { heard, scores, sampleRate, missed, during, after, isIsolated: crossOriginIsolated };
}

/** A node of the page's own context, at a rate of its own: the tone of an oscillator. */
export async function hearNode(address: string, sampleRate: number) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  const context = new AudioContext({ sampleRate });
  const tone = new OscillatorNode(context, { frequency: 1003 });
  const gain = new GainNode(context, { gain: 0.5 });
  tone.connect(gain);
  tone.start();
  await context.resume();
  await using listener = await listen(student, { ...OPTIONS, source: gain });
  for await (const { score } of listener) {
    const state = context.state;
    await listener[Symbol.asyncDispose]();
    await context.close();
    return { score, state, sampleRate: listener.sampleRate };
  }
  return undefined;
}

/** A node whose context renders without a sound device, faster than it would sound. */
export async function hearRendered(address: string, sampleRate: number) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  const context = new OfflineAudioContext(1, 3 * sampleRate, sampleRate);
  const tone = new OscillatorNode(context, { frequency: 1003 });
  const gain = new GainNode(context, { gain: 0.5 });
  tone.connect(gain);
  tone.start();
  await using listener = await listen(student, { ...OPTIONS, source: gain });
  await context.startRendering();
  for await (const { score } of listener) return { score, sampleRate: listener.sampleRate };
  return undefined;
}

/** What the same student hears in a recording. */
export async function hearRecording(address: string, samples: readonly number[], sampleRate: number) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  return (await detect(student, { samples: Float32Array.from(samples), sampleRate }, OPTIONS)).heard;
}

/** The error of a microphone that cannot be had. */
export async function refused(address: string) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  return listen(student, OPTIONS).then(
    () => undefined,
    ({ code, details, message }: LimbeckError) => ({ code, details, message }),
  );
}
