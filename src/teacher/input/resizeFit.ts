import type { Lines } from './resize.ts';

/** How an image of other proportions gets into the size that a model wants. */
export type Fit = 'stretch' | 'contain' | 'cover' | 'height';

/** The size to which an image is resized, which of its lines are used, and their place in the model's image. */
export interface Placement {
  readonly height: number;
  readonly width: number;
  readonly rows: Lines;
  readonly columns: Lines;
  readonly top: number;
  readonly left: number;
}

/** Places an image [height, width] in the model's size; `shortSide` is the length of its shorter side in 'cover'. */
export function placeImage(
  from: readonly [number, number],
  size: readonly [number, number],
  fit: Fit,
  shortSide?: number,
): Placement {
  const [height, width] = resizedSize(from, size, fit, shortSide);
  const rows = { first: roundHalfToEven((height - size[0]) / 2), count: Math.min(height, size[0]) };
  const columns = { first: roundHalfToEven((width - size[1]) / 2), count: Math.min(width, size[1]) };
  if (fit === 'cover') return { height, width, rows, columns, top: 0, left: 0 };
  return {
    height,
    width,
    rows: { first: 0, count: height },
    columns: { first: 0, count: width },
    top: fit === 'contain' ? Math.floor((size[0] - height) / 2) : 0,
    left: fit === 'contain' ? Math.floor((size[1] - width) / 2) : 0,
  };
}

function resizedSize(
  [inHeight, inWidth]: readonly [number, number],
  [height, width]: readonly [number, number],
  fit: Fit,
  shortSide: number | undefined,
): [number, number] {
  switch (fit) {
    case 'stretch':
      return [height, width];
    case 'height':
      return [height, Math.min(Math.ceil((height * inWidth) / inHeight), width)];
    case 'contain': {
      const scale = Math.min(height / inHeight, width / inWidth);
      return [
        Math.min(Math.max(Math.round(inHeight * scale), 1), height),
        Math.min(Math.max(Math.round(inWidth * scale), 1), width),
      ];
    }
    case 'cover': {
      const isByHeight = shortSide === undefined ? height * inWidth >= width * inHeight : inHeight <= inWidth;
      if (isByHeight) {
        const side = shortSide ?? height;
        return [side, Math.max(Math.floor((side * inWidth) / inHeight), width)];
      }
      const side = shortSide ?? width;
      return [Math.max(Math.floor((side * inHeight) / inWidth), height), side];
    }
  }
}

/** As Python rounds, and with it torchvision's CenterCrop: one pixel left over goes to the even side. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
