import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { countOf } from '../format.ts';
import type { PanelProps } from './dataPanel.tsx';
import * as setup from './setup.ts';
import { useDevice } from './useDevice.ts';

/** Pixels of a kept picture's sides: what usual models read. */
const SIDE = 224;
const EVERY_MS = 400;
const MOST = 1000;

/** Takes pictures with the camera, one at a time or in a row. They stay in the page's memory. */
export function Camera({ attempt }: PanelProps) {
  const video = useRef<HTMLVideoElement>(null);
  const isInRow = useSignal(false);
  const taken = takenNow();
  const { stream, isOpening, open, close } = useDevice({
    name: 'camera',
    wanted: { video: { facingMode: 'environment' } },
    instead: 'choose pictures instead',
    onLost: () =>
      attempt(() => {
        throw new Error(
          `The camera is gone: it was unplugged, or may no longer be used. ${keptWords(takenNow().length)} Connect it, or allow it again, and open it once more.`,
        );
      }),
  });
  useSignalEffect(() => {
    const place = video.current;
    if (stream.value === undefined) isInRow.value = false;
    if (place === null) return;
    place.srcObject = stream.value ?? null;
    // It is told where it closes before the first picture.
    if (stream.value) place.play().catch(() => undefined);
  });
  const take = () => {
    const before = takenNow();
    const picture = before.length < MOST && video.current && pictureOf(video.current);
    if (picture) setup.gathered.value = { kind: 'camera', images: [...before, picture] };
    if (before.length + 1 >= MOST) isInRow.value = false;
  };
  useSignalEffect(() => {
    if (!isInRow.value) return;
    const timer = setInterval(take, EVERY_MS);
    return () => clearInterval(timer);
  });
  const isFull = taken.length >= MOST;
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
        {countOf(taken.length, 'picture')} taken{isFull && ', which is the most'}. They stay in this tab.
      </p>
      <div class="buttons">
        {stream.value === undefined ? (
          <button
            type="button"
            class="small"
            disabled={isOpening.value}
            onClick={() => attempt(async () => void (await open()))}
          >
            {isOpening.value ? 'Waiting for the camera…' : 'Open the camera'}
          </button>
        ) : (
          <>
            <button type="button" class="small" disabled={isFull} onClick={take}>
              Take one
            </button>
            <button
              type="button"
              class="small"
              aria-pressed={isInRow.value}
              disabled={isFull}
              onClick={() => {
                isInRow.value = !isInRow.value;
              }}
            >
              {isInRow.value ? 'Pause' : 'Take many'}
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

const takenNow = () => (setup.gathered.value?.kind === 'camera' ? setup.gathered.value.images : []);

const keptWords = (count: number) => (count === 0 ? '' : `What was taken stays: ${countOf(count, 'picture')}.`);

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
