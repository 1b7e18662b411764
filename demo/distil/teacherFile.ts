import {
  type ImageInput,
  type LoadTeacherOptions,
  loadTeacher,
  type OnnxDescription,
  type OnnxTensorDescription,
} from 'limbeck';
import { oneAnswer } from '../frame/oneAnswer.ts';
import type { Task } from '../task.ts';
import { startWorker } from '../worker/startWorker.ts';
import type { Described } from './describeModel.ts';

/** A model that a person brought, and what its file says about it. */
export interface TeacherFile {
  readonly name: string;
  readonly file: File;
  /** What it reads: pictures [H, W, channels], numbers [features], or sounds of so many samples, if that is fixed. */
  readonly reads:
    | {
        readonly kind: 'pictures';
        readonly size: readonly [number, number];
        readonly channels: 1 | 3;
        readonly layout: 'nchw' | 'nhwc';
      }
    | { readonly kind: 'numbers'; readonly features: number }
    | { readonly kind: 'sounds'; readonly samples: number | undefined; readonly layout: 'bt' | 'b1t' };
  /** Its outputs with one row of classes for each example. */
  readonly outputs: readonly { readonly name: string; readonly classes: number }[];
  /** How many outputs there are in all. */
  readonly allOutputs: number;
  /** Names of its classes, where the file has them. */
  readonly labels: readonly string[] | undefined;
}

/** How pixels become the model's numbers. */
export const SCALES = {
  plain: { name: '0 to 1', input: {} },
  symmetric: { name: '−1 to 1', input: { mean: 0.5, stdDev: 0.5 } },
  imagenet: {
    name: 'ImageNet’s mean and deviation',
    input: { mean: [0.485, 0.456, 0.406], stdDev: [0.229, 0.224, 0.225] },
  },
  bytes: { name: '0 to 255', input: { range: 255 } },
} as const satisfies Record<string, { name: string; input: ImageInput }>;

export type Scale = keyof typeof SCALES;

/** A picture's side where the model leaves it open. */
const USUAL_SIDE = 224;
/** A row of more numbers than this is taken for a sound. */
const MOST_FEATURES = 4000;

/** Reads a chosen file. Throws what is wrong with it, in words for a person. */
export async function readTeacherFile(file: File): Promise<TeacherFile> {
  const description = await describe(file);
  if ('error' in description) throw new Error(description.error);
  const [input, another] = description.inputs;
  if (input === undefined || another !== undefined) {
    throw new Error(
      `“${file.name}” has ${description.inputs.length} inputs; this page can teach from models with one.`,
    );
  }
  const outputs = description.outputs.flatMap((output) => classesOf(output) ?? []);
  if (outputs.length === 0) {
    throw new Error(
      `“${file.name}” has no output of one row of classes for each example, [N, classes]. Its outputs are ` +
        `${description.outputs.map(inWords).join(', ')}.`,
    );
  }
  return {
    name: file.name,
    file,
    reads: readsOf(input, file.name),
    outputs,
    allOutputs: description.outputs.length,
    labels: labelsOf(description),
  };
}

function describe(file: File): Promise<Described> {
  const worker = startWorker('describe');
  return oneAnswer<Described>(worker, file, { name: file.name });
}

function classesOf({ name, shape }: OnnxTensorDescription): { name: string; classes: number } | undefined {
  const classes = shape?.length === 2 ? shape[1] : undefined;
  return typeof classes === 'number' && classes >= 2 ? { name, classes } : undefined;
}

function readsOf(input: OnnxTensorDescription, name: string): TeacherFile['reads'] {
  const { shape } = input;
  const lengths = (shape ?? []).map((length) => (typeof length === 'number' ? length : undefined));
  const [, a, b, c] = lengths;
  const side = (length: number | undefined) => length ?? USUAL_SIDE;
  if (lengths.length === 4 && (a === 1 || a === 3)) {
    return { kind: 'pictures', size: [side(b), side(c)], channels: a, layout: 'nchw' };
  }
  if (lengths.length === 4 && (c === 1 || c === 3)) {
    return { kind: 'pictures', size: [side(a), side(b)], channels: c, layout: 'nhwc' };
  }
  if (lengths.length === 2 && a !== undefined && a <= MOST_FEATURES) return { kind: 'numbers', features: a };
  if (lengths.length === 2) return { kind: 'sounds', samples: a, layout: 'bt' };
  if (lengths.length === 3 && a === 1) return { kind: 'sounds', samples: b, layout: 'b1t' };
  throw new Error(
    `“${name}” reads ${inWords(input)}. This page can teach from models of pictures, [N, 3, H, W] or [N, H, W, 3], of numbers, [N, F], and of sounds, [N, T].`,
  );
}

const inWords = ({ name, shape }: OnnxTensorDescription) =>
  `"${name}" [${shape?.map((one) => one ?? '?').join(', ') ?? '?'}]`;

function labelsOf({ metadata }: Pick<OnnxDescription, 'metadata'>): string[] | undefined {
  try {
    const labels: unknown = JSON.parse(metadata['limbeck.labels'] ?? '');
    if (Array.isArray(labels) && labels.every((label) => typeof label === 'string')) return labels;
  } catch {
    // Whatever stands there is no list of names.
  }
  return undefined;
}

/** How the file is loaded as a teacher. */
export function loaderOf(file: TeacherFile, output: string, scale: Scale): Task['loadTeacher'] {
  return async (emit, signal, options) => {
    const loading = loadTeacher(file.file, {
      name: file.name,
      ...inputOf(file, scale),
      ...(file.allOutputs > 1 && { outputs: [output] }),
      ...options,
      signal,
    });
    for await (const event of loading) emit(event);
    return loading.done;
  };
}

function inputOf({ reads }: TeacherFile, scale: Scale): Pick<LoadTeacherOptions, 'input'> {
  if (reads.kind === 'numbers') return {};
  if (reads.kind === 'sounds') return { input: { kind: 'audio', layout: reads.layout } };
  const { size, channels, layout } = reads;
  // ImageNet's figures are those of three channels.
  const figures = channels === 1 && scale === 'imagenet' ? {} : SCALES[scale].input;
  return { input: { size, channels, layout, antialias: 'yes', ...figures } };
}

/** What models of this form mostly want. */
export function usualScale({ reads }: TeacherFile): Scale {
  if (reads.kind !== 'pictures' || reads.channels === 1) return 'plain';
  return reads.layout === 'nchw' ? 'imagenet' : 'symmetric';
}
