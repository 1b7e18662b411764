import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countOf } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import type { PanelProps } from './dataPanel.tsx';
import * as setup from './setup.ts';
import { SAMPLE_RATE } from './sources.ts';

/** Of a clip, where the teacher leaves its length open. */
const USUAL_SECONDS = 1;

/** Records sound, or takes sound files, and cuts both into clips of the length that the teacher reads. */
export function Microphone({ attempt }: PanelProps) {
  const recorder = useSignal<MediaRecorder | undefined>(undefined);
  const clips = setup.gathered.value?.kind === 'microphone' ? setup.gathered.value.sounds : [];
  const reads = setup.teacherFile.value?.reads;
  const seconds = reads?.kind === 'sounds' && reads.samples ? reads.samples / SAMPLE_RATE : USUAL_SECONDS;

  const stop = () => {
    recorder.value?.stop();
    for (const track of recorder.value?.stream.getTracks() ?? []) track.stop();
    recorder.value = undefined;
  };
  useEffect(() => stop, []);
  const add = async (blobs: readonly Blob[]) => {
    const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
    const length = Math.round(seconds * SAMPLE_RATE);
    const found: Float32Array[] = [];
    for (const blob of blobs) {
      const sound = await context.decodeAudioData(await blob.arrayBuffer()).catch(() => {
        throw new Error('This is no sound that the browser can decode. Choose WAV, MP3 or what the browser plays.');
      });
      const samples = sound.getChannelData(0);
      // A last clip that is too short is left out, unless it is all there is.
      for (let from = 0; from + length <= samples.length; from += length)
        found.push(samples.slice(from, from + length));
      if (samples.length > 0 && samples.length < length) found.push(samples.slice());
    }
    const before = setup.gathered.value?.kind === 'microphone' ? setup.gathered.value.sounds : [];
    setup.gathered.value = { kind: 'microphone', sounds: [...before, ...found], sampleRate: SAMPLE_RATE, seconds };
  };
  const record = async () => {
    if (navigator.mediaDevices === undefined || typeof MediaRecorder === 'undefined') {
      throw new Error('This page may not record: it needs https or localhost, and a browser with MediaRecorder.');
    }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => {
      throw new Error(
        `The browser gave no microphone: ${error.message}. Allow it for this page, or choose sound files.`,
      );
    });
    const recording = new MediaRecorder(stream);
    const parts: Blob[] = [];
    recording.ondataavailable = ({ data }) => parts.push(data);
    recording.onstop = () => attempt(() => add([new Blob(parts, { type: recording.mimeType })]));
    recording.start();
    recorder.value = recording;
  };
  return (
    <div class="capture">
      <DropZone
        id="sound-files"
        label="Choose sound files"
        accept="audio/*"
        multiple
        onFiles={(files) => attempt(() => add(files))}
      >
        <p role="status">
          {recorder.value ? 'Recording…' : `${countOf(clips.length, 'clip')} of ${countOf(seconds, 'second')}`}
        </p>
        <p class="hint">Cut into clips; they stay in this tab.</p>
      </DropZone>
      <div class="buttons">
        <button type="button" class="small" onClick={() => (recorder.value ? stop() : attempt(record))}>
          {recorder.value ? 'Stop recording' : 'Record'}
        </button>
        {clips.length > 0 && (
          <button
            type="button"
            class="small"
            onClick={() => {
              setup.gathered.value = undefined;
            }}
          >
            Start over
          </button>
        )}
      </div>
    </div>
  );
}
