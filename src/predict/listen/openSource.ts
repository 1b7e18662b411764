import { LimbeckError, messageOf, throwIfAborted } from '../../core/errors.ts';
import { tagOf } from '../../core/tags.ts';
import { afterMs } from '../../core/timing.ts';
import { assetUrl } from '../../runtime/assets.ts';

/** Where sound comes from: the device's microphone, a stream of yours, or any node of your AudioContext. */
export type SoundSource = 'microphone' | MediaStream | AudioNode;

/** A source that plays, and how it is let go of. */
export interface OpenSource {
  readonly sampleRate: number;
  /** Lets go of what was opened here; what was given stays the caller's. */
  close(): Promise<void>;
}

/** As a sound arrives: what helps people on the phone changes what a model hears. */
const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
/** A context that may play starts within some of them. */
const START_MS = 5000;

/**
 * Opens a source; `onSound` gets its samples as one channel, `onLost` is called where it ends by itself.
 * Throws    microphone-unavailable: `details.reason` says why · backend-unavailable: no AudioWorklet, or its script cannot be
 *           loaded · invalid-option · AbortError
 */
export async function openSource(
  source: SoundSource,
  onSound: (piece: Float32Array) => void,
  onLost: (error: LimbeckError) => void,
  options: { readonly assetBase?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<OpenSource> {
  const { assetBase, signal } = options;
  throwIfAborted(signal);
  const isNode = isAudioNode(source);
  if (!isNode && source !== 'microphone' && tagOf(source) !== 'MediaStream') {
    throw new LimbeckError(
      'invalid-option',
      `"source" was ${typeof source === 'string' ? `"${source}"` : tagOf(source)}; it must be 'microphone', a MediaStream or an AudioNode.`,
    );
  }
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const stream = source === 'microphone' ? await askForMicrophone() : source;
    if (source === 'microphone') undo.push(() => stopTracks(stream as MediaStream));
    throwIfAborted(signal);
    const context = isNode ? source.context : makeContext();
    if (!isNode) undo.push(() => (context as AudioContext).close());
    await addProcessor(context, assetUrl('threads.js', assetBase));
    const node = new AudioWorkletNode(context, 'limbeck-hear', { numberOfOutputs: 1, outputChannelCount: [1] });
    undo.push(() => {
      node.port.onmessage = null;
      node.port.postMessage('end');
      node.disconnect();
    });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => onSound(data);
    const from = isNode ? source : (context as AudioContext).createMediaStreamSource(stream as MediaStream);
    from.connect(node);
    undo.push(() => from.disconnect(node));
    // Engines pull only nodes that lead somewhere; this one plays silence.
    node.connect(context.destination);
    if (!isNode) {
      for (const track of (stream as MediaStream).getAudioTracks()) {
        const lost = () =>
          onLost(
            unavailable(
              'lost',
              'The microphone, or the stream, has ended: it was unplugged, stopped, or may no longer be used. Listen again to go on.',
            ),
          );
        track.addEventListener('ended', lost);
        undo.push(() => track.removeEventListener('ended', lost));
      }
      await started(context as AudioContext);
    }
    throwIfAborted(signal);
    return { sampleRate: context.sampleRate, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each kind of node has a tag of its own. */
function isAudioNode(source: unknown): source is AudioNode {
  return typeof source === 'object' && source !== null && 'context' in source && 'connect' in source;
}

async function askForMicrophone(): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices as MediaDevices | undefined;
  if (devices?.getUserMedia === undefined) {
    throw unavailable(
      'insecure',
      'This page may not use a microphone: it needs a window on https or localhost. Serve it so, or give a MediaStream.',
    );
  }
  try {
    return await devices.getUserMedia({ audio: RAW });
  } catch (error) {
    const { name } = error as DOMException;
    const [reason, sentence] = WHY[name] ?? [
      'failed',
      `The browser gave no microphone: ${messageOf(error)}. Try again, or give a MediaStream.`,
    ];
    throw unavailable(reason, sentence, error);
  }
}

const REFUSED = [
  'refused',
  'This page may not use the microphone. Ask the person to allow it beside the address of the page, and in the settings of the system, and listen again.',
] as const;
const BUSY = ['busy', 'The microphone does not answer. Close other programs that use it, and listen again.'] as const;

/** By the names of the errors of getUserMedia. */
const WHY: Readonly<Record<string, readonly [string, string]>> = {
  NotAllowedError: REFUSED,
  SecurityError: REFUSED,
  NotFoundError: ['missing', 'The browser finds no microphone. Connect one and listen again.'],
  NotReadableError: BUSY,
  AbortError: BUSY,
};

function unavailable(reason: string, sentence: string, cause?: unknown): LimbeckError {
  return new LimbeckError('microphone-unavailable', sentence, { details: { reason }, cause });
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function makeContext(): AudioContext {
  if (typeof AudioContext !== 'undefined') return new AudioContext();
  throw new LimbeckError(
    'backend-unavailable',
    'There is no AudioContext here: listen in a page, or use detect on a recording.',
  );
}

const added = new WeakMap<BaseAudioContext, Promise<void>>();

async function addProcessor(context: BaseAudioContext, url: string): Promise<void> {
  const worklet = context.audioWorklet as AudioWorklet | undefined;
  if (worklet === undefined) {
    throw new LimbeckError(
      'backend-unavailable',
      'There is no AudioWorklet here: it needs a window on https or localhost.',
    );
  }
  const adding = added.get(context) ?? worklet.addModule(url);
  added.set(context, adding);
  try {
    await adding;
  } catch (error) {
    added.delete(context);
    throw new LimbeckError(
      'backend-unavailable',
      `The file ${url}, which belongs to limbeck, could not be loaded into an AudioWorklet (${messageOf(error)}). ` +
        "Serve the package's files beside the code or call configure({ assets: '/limbeck/' }), and let the policy of the page have " +
        "script-src 'self'.",
      { details: { url }, cause: error },
    );
  }
}

/** Browsers start sound only after a gesture, or where the microphone is allowed. */
async function started(context: AudioContext): Promise<void> {
  let cancel: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = afterMs(START_MS, () =>
      reject(
        unavailable(
          'suspended',
          'The browser starts no sound before the person has done something on the page. Call listen when a button is clicked.',
        ),
      ),
    );
  });
  try {
    await Promise.race([context.resume(), late]);
  } finally {
    cancel();
  }
}
