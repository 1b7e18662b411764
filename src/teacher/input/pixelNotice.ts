import { figures } from '../../core/figures.ts';
import { dtypeOf, type NamedArrays } from '../../core/shape.ts';
import type { SessionSettings } from '../session/sessionSettings.ts';
import { isByName, own } from './byName.ts';

/** Pixels as floats are 0…1; resizing and augmenting bring them a little beyond. */
const PIXELS = { least: -0.5, most: 2 } as const;

/**
 * What is to be said of data that an image input of a teacher cannot mean, or that a model reads as numbers while a
 * student reads pixels. `rawInputs` are the model's inputs of floats without an "input".
 */
export function pixelNotice(
  given: NamedArrays,
  input: SessionSettings['input'],
  rawInputs: readonly string[] = [],
): string | undefined {
  for (const [name, { data }] of Object.entries(given)) {
    const how = isByName(input) ? own(input, name) : input;
    const isBytes = dtypeOf(data) === 'uint8';
    if (how === undefined && isBytes && (rawInputs.includes(name) || (rawInputs.length === 1 && isOnly(given)))) {
      return (
        `The teacher has no "input", so it reads the bytes of "${name}" as 0…255, where a student reads pixels as 0…1. ` +
        'For a model that was made for something else, say how it is fed: loadTeacher(…, { input: { layout, mean, stdDev } }).'
      );
    }
    if (how === undefined || how.kind === 'audio' || isBytes) continue;
    const [least, most] = extremesOf(data);
    if (least >= PIXELS.least && most <= PIXELS.most) continue;
    return (
      `The teacher's "input" takes pixels as floats of 0…1, or as bytes; "${name}" holds values from ${figure(least)} to ` +
      `${figure(most)}. Divide pixels of 0…255 by 255 or give them as a Uint8Array, and let "input" normalise them.`
    );
  }
  return undefined;
}

function isOnly(given: NamedArrays): boolean {
  return Object.keys(given).length === 1;
}

function extremesOf(data: ArrayLike<number>): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function figure(value: number): string {
  return figures(value, 2);
}
