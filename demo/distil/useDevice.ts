import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isRunning } from './setup.ts';

export interface UseDeviceOptions {
  /** What it is called, such as 'camera'. */
  readonly name: string;
  readonly wanted: MediaStreamConstraints;
  /** What a person may do without it, such as 'choose pictures instead'. */
  readonly instead: string;
  /** It was closed by something else than the panel: the device is gone, or may no longer be used. */
  readonly onLost: () => void;
}

export interface HeldDevice {
  /** What it sends; undefined while it is closed. */
  readonly stream: ReadonlySignal<MediaStream | undefined>;
  readonly isOpening: ReadonlySignal<boolean>;
  /** Throws why the browser gives none, and what helps. Gives nothing if it was closed meanwhile. */
  open(): Promise<MediaStream | undefined>;
  close(): void;
}

/** A camera or microphone that a panel holds. It is closed with the panel, and where a run starts: nothing is taken while one learns. */
export function useDevice({ name, wanted, instead, onLost }: UseDeviceOptions): HeldDevice {
  const stream = useSignal<MediaStream | undefined>(undefined);
  const isOpening = useSignal(false);
  const turn = useRef(0);
  const close = () => {
    turn.current++;
    for (const track of stream.peek()?.getTracks() ?? []) track.stop();
    stream.value = undefined;
    isOpening.value = false;
  };
  useEffect(() => close, []);
  useSignalEffect(() => {
    if (isRunning.value) close();
  });
  const open = async () => {
    close();
    const mine = turn.current;
    isOpening.value = true;
    try {
      const opened = await streamOf(name, wanted, instead);
      if (mine !== turn.current) {
        for (const track of opened.getTracks()) track.stop();
        return undefined;
      }
      for (const track of opened.getTracks()) {
        // A page that stops a track itself is not told.
        track.addEventListener('ended', () => {
          if (stream.peek() !== opened) return;
          close();
          onLost();
        });
      }
      stream.value = opened;
      return opened;
    } finally {
      if (mine === turn.current) isOpening.value = false;
    }
  };
  return { stream, isOpening, open, close };
}

async function streamOf(name: string, wanted: MediaStreamConstraints, instead: string): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new Error(`This page may not use a ${name}: it needs https or localhost. Or ${instead}.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    const { name: kind, message } = error as DOMException;
    throw new Error(`${whyOf(kind, name) ?? `The browser gave no ${name}: ${message}.`} Or ${instead}.`);
  }
}

function whyOf(kind: string, name: string): string | undefined {
  if (kind === 'NotAllowedError' || kind === 'SecurityError') {
    return `This page may not use the ${name}. Allow it beside the address of the page, and in the settings of the system, and try again.`;
  }
  if (kind === 'NotFoundError') return `The browser finds no ${name}. Connect one and try again.`;
  if (kind === 'NotReadableError' || kind === 'AbortError') {
    return `The ${name} does not answer. Close other programs that use it, and try again.`;
  }
  return undefined;
}
