import { SIDE } from './digits.ts';
import { digitOf } from './ink.ts';

/** A place to draw one digit. */
export interface Pad {
  /** The drawing [28 · 28], as the student sees it; undefined if nothing was drawn. */
  digit(): Float32Array | undefined;
  /** Puts a digit there, pixel for pixel. */
  show(digit: Float32Array): void;
  clear(): void;
  /** Gives the ink the colour that the canvas has now. */
  repaint(): void;
}

/** Pixels of the drawing per side: ten for each pixel that the student sees. */
const PAD_SIDE = 280;
/** As thick as MNIST's strokes when a digit fills the pad. */
const STROKE = 24;

/** Makes a canvas a pad; `onDrawn` is called when a stroke ends. The ink is the canvas's own colour. */
export function createPad(canvas: HTMLCanvasElement, onDrawn: () => void): Pad {
  canvas.width = canvas.height = PAD_SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  let shown: Float32Array | undefined;
  let last: readonly [number, number] | undefined;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    shown = undefined;
    last = placeOf(event);
    drawTo(last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === undefined) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length > 0 ? moves : [event]) drawTo(placeOf(move));
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    canvas.addEventListener(end, () => {
      if (last === undefined) return;
      last = undefined;
      onDrawn();
    });
  }

  function placeOf({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((clientX - left) * PAD_SIDE) / width, ((clientY - top) * PAD_SIDE) / height];
  }

  function drawTo(place: readonly [number, number]): void {
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = STROKE;
    context.lineCap = context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(...(last ?? place));
    context.lineTo(...place);
    context.stroke();
    last = place;
  }

  /** The paper is transparent, so opacity is the ink, whatever its colour. */
  function ink(): Float32Array {
    const { data } = context.getImageData(0, 0, PAD_SIDE, PAD_SIDE);
    return Float32Array.from({ length: PAD_SIDE * PAD_SIDE }, (_, i) => (data[4 * i + 3] as number) / 255);
  }

  return {
    digit: () => shown ?? digitOf(ink(), PAD_SIDE),
    show(digit) {
      const small = document.createElement('canvas');
      paintDigit(small, digit, getComputedStyle(canvas).color);
      context.clearRect(0, 0, PAD_SIDE, PAD_SIDE);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, PAD_SIDE, PAD_SIDE);
      shown = digit;
    },
    clear() {
      context.clearRect(0, 0, PAD_SIDE, PAD_SIDE);
      shown = undefined;
    },
    repaint() {
      context.globalCompositeOperation = 'source-in';
      context.fillStyle = getComputedStyle(canvas).color;
      context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
      context.globalCompositeOperation = 'source-over';
    },
  };
}

/** Paints a digit [28 · 28] on a canvas of that size; 0 is transparent. */
export function paintDigit(canvas: HTMLCanvasElement, digit: Float32Array, colour: string): void {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = colour;
  for (const [at, value] of digit.entries()) {
    context.globalAlpha = Math.min(Math.max(value, 0), 1);
    context.fillRect(at % SIDE, Math.floor(at / SIDE), 1, 1);
  }
}
