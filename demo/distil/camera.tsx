import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { countOf } from '../format.ts';
import type { PanelProps } from './dataPanel.tsx';
import * as setup from './setup.ts';

/** Pixels of a kept picture's sides: what usual models read. */
const SIDE = 224;
const EVERY_MS = 400;
const MOST = 1000;

/** Takes pictures with the camera, one at a time or in a row. They stay in the page's memory. */
export function Camera({ attempt }: PanelProps) {
  const video = useRef<HTMLVideoElement>(null);
  const stream = useSignal<MediaStream | undefined>(undefined);
  const timer = useSignal<number | undefined>(undefined);
  const taken = setup.gathered.value?.kind === 'camera' ? setup.gathered.value.images : [];

  const pause = () => {
    clearInterval(timer.value);
    timer.value = undefined;
  };
  const close = () => {
    pause();
    for (const track of stream.value?.getTracks() ?? []) track.stop();
    stream.value = undefined;
  };
  useEffect(() => close, []);
  const open = async () => {
    if (navigator.mediaDevices === undefined)
      throw new Error('This page may not use a camera: it needs https or localhost.');
    stream.value = await navigator.mediaDevices
      .getUserMedia({ video: { facingMode: 'environment' } })
      .catch((error) => {
        throw new Error(
          `The browser gave no camera: ${error.message}. Allow it for this page, or choose pictures instead.`,
        );
      });
    const place = video.current;
    if (place) {
      place.srcObject = stream.value;
      await place.play();
    }
  };
  const take = () => {
    const before = setup.gathered.value?.kind === 'camera' ? setup.gathered.value.images : [];
    const picture = video.current && pictureOf(video.current);
    if (picture) setup.gathered.value = { kind: 'camera', images: [...before, picture] };
    if (before.length + 1 >= MOST) pause();
  };
  return (
    <div class="capture">
      <video
        ref={video}
        class="viewfinder"
        muted
        playsInline
        hidden={stream.value === undefined}
        aria-label="What the camera sees"
      />
      <p class="hint" role="status">
        {countOf(taken.length, 'picture')} taken. They stay in this tab.
      </p>
      <div class="buttons">
        {stream.value === undefined ? (
          <button type="button" class="small" onClick={() => attempt(open)}>
            Open the camera
          </button>
        ) : (
          <>
            <button type="button" class="small" onClick={take}>
              Take one
            </button>
            <button
              type="button"
              class="small"
              aria-pressed={timer.value !== undefined}
              onClick={() => {
                if (timer.value === undefined) timer.value = window.setInterval(take, EVERY_MS);
                else pause();
              }}
            >
              {timer.value === undefined ? 'Take many' : 'Pause'}
            </button>
            <button type="button" class="small" onClick={close}>
              Close it
            </button>
          </>
        )}
        {taken.length > 0 && (
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

/** The middle square of a frame; undefined before there is one. */
function pictureOf(video: HTMLVideoElement): ImageData | undefined {
  const { videoWidth, videoHeight } = video;
  const side = Math.min(videoWidth, videoHeight);
  if (side === 0) return undefined;
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context?.drawImage(video, (videoWidth - side) / 2, (videoHeight - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return context?.getImageData(0, 0, SIDE, SIDE);
}
