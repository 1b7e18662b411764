// Lines of text, drawn on the page as they would be printed or written.
import { type Dataset, encodeTexts, fromArrays, withSequences } from 'limbeck';
import { addressOf, randomFrom } from './tools.ts';

export const [HEIGHT, WIDTH] = [48, 256];
/** Pixels of a line for each of the student's steps. */
export const STEP_WIDTH = 8;
/** Printable ASCII, in the order of the student's classes behind the blank. */
export const ALPHABET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
/** The drawn lines of a split [N, 48, W, 1] as bytes, white paper, and their texts as far as they fit. */
export interface Drawn {
  readonly pixels: Uint8Array;
  readonly texts: string[];
}

export async function loadFonts(faces: readonly string[]): Promise<void> {
  await Promise.all(
    faces.map(async (face) => {
      const font = new FontFace(face, `url(${addressOf(`fonts/${face}.woff2`)})`);
      // A worker has fonts of its own.
      (globalThis.document ?? globalThis).fonts.add(await font.load());
    }),
  );
}

/** Steps along a line that a text takes: one for each character, and a blank between two equal ones. */
const stepsOf = (text: string): number =>
  Array.from(text).reduce((steps, one, i, all) => steps + (one === all[i - 1] ? 2 : 1), 0);

/** Draws each text in one of the faces, in a size, a place and a grey of its own; words that fit neither the line nor its steps are left out. */
export function draw(texts: readonly string[], faces: readonly string[], seed: number): Drawn {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const random = randomFrom(seed);
  const pixels = new Uint8Array(texts.length * HEIGHT * WIDTH);
  const drawn = texts.map((text, line) => {
    const size = 24 + Math.floor(10 * random());
    context.font = `${size}px "${faces[line % faces.length]}"`;
    const margin = 4 + 6 * random();
    const isFit = (part: string) =>
      context.measureText(part).width <= WIDTH - margin - 4 && stepsOf(part) <= WIDTH / STEP_WIDTH;
    let words = text.split(' ');
    while (words.length > 1 && !isFit(words.join(' '))) words = words.slice(0, -1);
    let fitting = words.join(' ');
    while (!isFit(fitting)) fitting = fitting.slice(0, -1);
    const paper = 205 + Math.floor(51 * random());
    const ink = Math.floor(90 * random());
    context.fillStyle = `rgb(${paper} ${paper} ${paper})`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = `rgb(${ink} ${ink} ${ink})`;
    context.fillText(fitting, margin, HEIGHT / 2 + size * 0.33 + 4 * (random() - 0.5));
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    for (let i = 0; i < HEIGHT * WIDTH; i++) pixels[line * HEIGHT * WIDTH + i] = data[4 * i] as number;
    return fitting;
  });
  return { pixels, texts: drawn };
}

export const datasetOf = ({ pixels, texts }: Drawn): Dataset =>
  fromArrays({ data: pixels, shape: [texts.length, HEIGHT, WIDTH, 1] });

/** With their texts. */
export const truthOf = (lines: Drawn): Dataset =>
  withSequences(datasetOf(lines), encodeTexts(lines.texts, { alphabet: ALPHABET }));
