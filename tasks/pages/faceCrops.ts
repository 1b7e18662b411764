// A film of a face as crops: where the face is in each frame, by the teacher's own points, and pictures of it that are shifted,
// turned and scaled at random, with what the teacher says of the upright one carried over into them.
import type { NamedArrays, NdArray, Teacher } from 'limbeck';
import { fileOf, randomFrom } from './tools.ts';

/** The side of a picture that the teacher sees, in pixels. */
export const SIDE = 192;

/** Points of MediaPipe's mesh that the student learns, 57: both eyes, brows, nose, lips and the oval of the face. */
export const MESH = [
  ...[33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380],
  ...[70, 63, 105, 66, 107, 336, 296, 334, 293, 300],
  ...[168, 6, 195, 4, 98, 2, 327],
  ...[61, 39, 0, 269, 291, 405, 17, 181, 78, 81, 13, 311, 308, 402, 14, 178],
  ...[10, 332, 389, 323, 397, 378, 152, 149, 172, 93, 162, 103],
];

/** The outer corners of the eyes, by their places in MESH. */
export const EYES = [MESH.indexOf(33), MESH.indexOf(263)] as const;

/** A square of a frame: its middle and side in the frame's pixels, and how far it is turned, in radians. */
interface Region {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly turn: number;
}

type Point = readonly [number, number];

/** Pictures of several frames, and where their points are. */
export interface Crops {
  /** For the teacher [N, 192, 192, 3], or none. */
  readonly colour: NdArray;
  /** For the student [N, size, size, 1]. */
  readonly grey: NdArray;
  /** What the teacher finds in the upright picture of the frame, carried over [N, P, 2]. */
  readonly points: NdArray;
}

/** Which frames are taken, evenly spaced, as shares of the film; how many pictures of each, and how they are disturbed. */
export interface CropOptions {
  readonly from: number;
  readonly to: number;
  readonly frames: number;
  readonly perFrame: number;
  /** The side of the student's picture. */
  readonly size: number;
  readonly seed: number;
  /** Whether the teacher will be asked about the pictures. */
  readonly colours: 'kept' | 'none';
}

/** Largest shift as a share of the side, turn in radians, and scale either way. */
const DISTURBED = { shift: 0.12, turn: 0.35, scale: 1.25 };

/** How much larger than the box around the points a picture is, as MediaPipe crops it. */
const MARGIN = 1.5;

function happened(target: HTMLVideoElement, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = () => reject(new Error(`The film cannot be shown: ${target.error?.message ?? 'unknown'}`));
    target.addEventListener(name, () => resolve(), { once: true });
    target.addEventListener('error', failed, { once: true });
  });
}

/** A film that is there to be looked into. */
export async function openFilm(name: string): Promise<HTMLVideoElement> {
  const film = document.createElement('video');
  film.muted = true;
  film.preload = 'auto';
  const ready = happened(film, 'loadeddata');
  // As a whole: a film that a server sends in one piece cannot be wound to a place that has not come yet.
  film.src = URL.createObjectURL(await (await fileOf(name)).blob());
  await ready;
  return film;
}

function drawing(side: number): OffscreenCanvasRenderingContext2D {
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.imageSmoothingQuality = 'high';
  return context;
}

/** The region of the frame as RGBA. */
function cut(film: HTMLVideoElement, { x, y, side, turn }: Region, context: OffscreenCanvasRenderingContext2D) {
  const pixels = context.canvas.width;
  context.resetTransform();
  context.fillRect(0, 0, pixels, pixels);
  context.translate(pixels / 2, pixels / 2);
  context.scale(pixels / side, pixels / side);
  context.rotate(-turn);
  context.drawImage(film, -x, -y);
  return context.getImageData(0, 0, pixels, pixels).data;
}

/** From places in a region, 0 to 1, to the frame's pixels. */
function toFrame([u, v]: Point, { x, y, side, turn }: Region): Point {
  const [a, b] = [(u - 0.5) * side, (v - 0.5) * side];
  return [x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn)];
}

function toRegion([px, py]: Point, { x, y, side, turn }: Region): Point {
  const [a, b] = [px - x, py - y];
  return [
    (a * Math.cos(turn) + b * Math.sin(turn)) / side + 0.5,
    (b * Math.cos(turn) - a * Math.sin(turn)) / side + 0.5,
  ];
}

const pointsOf = ({ data }: NdArray): Point[] =>
  Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i] as number, data[2 * i + 1] as number]);

/** The square around points of a frame. */
function around(points: readonly Point[], turn: number): Region {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { x: (left + right) / 2, y: (top + bottom) / 2, side: MARGIN * Math.max(right - left, bottom - top), turn };
}

function colourOf(rgba: Uint8ClampedArray): Uint8Array {
  const colour = new Uint8Array(3 * SIDE * SIDE);
  for (let i = 0, at = 0; i < rgba.length; i++) if (i % 4 !== 3) colour[at++] = rgba[i] as number;
  return colour;
}

/** Brightness of a picture, by the weights of ITU-R BT.601. */
function greyOf(rgba: Uint8ClampedArray, size: number): Uint8Array {
  const grey = new Uint8Array(size * size);
  for (let i = 0; i < grey.length; i++) {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]] as [number, number, number];
    grey[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}

/**
 * Pictures of the frames of a part of the film. The face is found as MediaPipe tracks it: the teacher is asked about where it was
 * before, or the middle of the first frame, and then about the square around what it found.
 */
export async function cropsOf(film: HTMLVideoElement, teacher: Teacher, options: CropOptions): Promise<Crops> {
  const { from, to, frames, perFrame, size, seed, colours } = options;
  const random = randomFrom(seed);
  const within = (most: number) => most * (2 * random() - 1);
  const [large, small] = [drawing(SIDE), drawing(size)];
  const find = async (region: Region): Promise<Point[]> => {
    const data = colourOf(cut(film, region, large));
    const asked: NamedArrays = { input: { data, shape: [1, SIDE, SIDE, 3] } };
    return pointsOf((await teacher.ask(asked))['points'] as NdArray).map((point) => toFrame(point, region));
  };
  const count = frames * perFrame;
  const colour = new Uint8Array(colours === 'kept' ? count * SIDE * SIDE * 3 : 0);
  const grey = new Uint8Array(count * size * size);
  const points = new Float32Array(count * MESH.length * 2);
  let region: Region = { x: film.videoWidth / 2, y: film.videoHeight / 2, side: film.videoHeight, turn: 0 };
  for (let frame = 0; frame < frames; frame++) {
    const shown = happened(film, 'seeked');
    const time = film.duration * (from + ((to - from) * (frame + 0.5)) / frames);
    film.currentTime = time;
    await shown;
    if (Math.abs(film.currentTime - time) > 0.1) {
      throw new Error(`The film stands at ${film.currentTime} s and not at ${time} s: it cannot be wound.`);
    }
    region = around(await find(region), 0);
    const found = await find(region);
    region = around(found, 0);
    for (let k = 0; k < perFrame; k++) {
      const at = frame * perFrame + k;
      const { x, y, side } = region;
      const disturbed: Region = {
        x: x + side * within(DISTURBED.shift),
        y: y + side * within(DISTURBED.shift),
        side: side * DISTURBED.scale ** within(1),
        turn: within(DISTURBED.turn),
      };
      if (colours === 'kept') colour.set(colourOf(cut(film, disturbed, large)), at * SIDE * SIDE * 3);
      grey.set(greyOf(cut(film, disturbed, small), size), at * size * size);
      points.set(
        found.flatMap((point) => toRegion(point, disturbed)),
        at * MESH.length * 2,
      );
    }
  }
  return {
    colour: { data: colour, shape: [colours === 'kept' ? count : 0, SIDE, SIDE, 3] },
    grey: { data: grey, shape: [count, size, size, 1] },
    points: { data: points, shape: [count, MESH.length, 2] },
  };
}
