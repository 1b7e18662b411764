import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { countOf, duration } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import type { PanelProps } from './dataPanel.tsx';
import * as setup from './setup.ts';
import { SAMPLE_RATE } from './sources.ts';
import { useDevice } from './useDevice.ts';

/** Of a clip, where the teacher leaves its length open. */
const USUAL_SECONDS = 1;
const MOST = 1000;
/** As a sound arrives: what helps people on the phone changes what a model hears. */
const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Records sound, or takes sound files, and cuts both into clips of the length that the teacher reads. */
export function Microphone({ attempt }: PanelProps) {
  const recorder = useRef<MediaRecorder | undefined>(undefined);
  /** Settled once what was recorded last is cut into clips. */
  const kept = useRef(Promise.resolve());
  const isCutting = useSignal(false);
  const elapsed = useSignal(0);
  const clips = clipsNow();
  const reads = setup.teacherFile.value?.reads;
  const seconds = reads?.kind === 'sounds' && reads.samples ? reads.samples / SAMPLE_RATE : USUAL_SECONDS;
  const { stream, isOpening, open, close } = useDevice({
    name: 'microphone',
    wanted: { audio: RAW },
    instead: 'choose sound files instead',
    onLost: () =>
      attempt(async () => {
        await kept.current;
        throw new Error(
          `The microphone is gone: it was unplugged, or may no longer be used. What it recorded stays: ${countOf(clipsNow().length, 'clip')}. ` +
            'Connect it, or allow it again, and record more.',
        );
      }),
  });
  const isRecording = stream.value !== undefined;
  const most = (MOST - clips.length) * seconds;
  useSignalEffect(() => {
    elapsed.value = 0;
    if (stream.value === undefined) return;
    const timer = setInterval(() => {
      elapsed.value++;
      if (elapsed.peek() >= most) stop();
    }, 1000);
    return () => clearInterval(timer);
  });

  const add = async (blobs: readonly Blob[]) => {
    const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
    const length = Math.round(seconds * SAMPLE_RATE);
    const found: Float32Array[] = [];
    isCutting.value = true;
    try {
      for (const blob of blobs) {
        const sound = await context.decodeAudioData(await blob.arrayBuffer()).catch(() => {
          throw new Error('This is no sound that the browser can decode. Choose WAV, MP3 or what the browser plays.');
        });
        const samples = sound.getChannelData(0);
        // A last clip that is too short is left out, unless it is all there is.
        for (let from = 0; from + length <= samples.length; from += length)
          found.push(samples.subarray(from, from + length));
        if (samples.length > 0 && samples.length < length) found.push(samples);
      }
    } finally {
      isCutting.value = false;
    }
    const sounds = [...clipsNow(), ...found];
    setup.gathered.value = { kind: 'microphone', sounds: sounds.slice(0, MOST), sampleRate: SAMPLE_RATE, seconds };
    if (sounds.length > MOST)
      throw new Error(`This page keeps ${countOf(MOST, 'clip')}; what came after them was left out.`);
  };
  const record = async () => {
    if (typeof MediaRecorder === 'undefined') {
      throw new Error('This browser cannot record: it has no MediaRecorder. Choose sound files instead.');
    }
    const opened = await open();
    if (opened === undefined) return;
    const parts: Blob[] = [];
    let recording: MediaRecorder;
    try {
      recording = new MediaRecorder(opened);
      recording.start();
    } catch (error) {
      close();
      throw error;
    }
    recorder.current = recording;
    recording.ondataavailable = ({ data }) => parts.push(data);
    // Also where the device goes, or is closed, before the recorder.
    const stopped = new Promise((resolve) => {
      recording.onstop = resolve;
    });
    kept.current = stopped.then(() => (parts.some(({ size }) => size > 0) ? add([new Blob(parts)]) : undefined));
    attempt(() => kept.current);
  };
  const stop = () => {
    if (recorder.current?.state === 'recording') recorder.current.stop();
    close();
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
          {status(isRecording, isCutting.value, `${countOf(clips.length, 'clip')} of ${duration(1000 * seconds)}`)}
        </p>
        <p class="hint">Cut into clips; they stay in this tab.</p>
      </DropZone>
      <div class="buttons">
        <button
          type="button"
          class="small"
          disabled={isOpening.value || most < seconds}
          onClick={() => (isRecording ? stop() : attempt(record))}
        >
          {isOpening.value ? 'Waiting for the microphone…' : isRecording ? 'Stop recording' : 'Record'}
        </button>
        {isRecording && elapsed.value > 0 && <span class="hint elapsed">{duration(1000 * elapsed.value)}</span>}
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

function status(isRecording: boolean, isCutting: boolean, otherwise: string): string {
  if (isRecording) return 'Recording…';
  return isCutting ? 'Cutting it into clips…' : otherwise;
}

const clipsNow = () => (setup.gathered.value?.kind === 'microphone' ? setup.gathered.value.sounds : []);
