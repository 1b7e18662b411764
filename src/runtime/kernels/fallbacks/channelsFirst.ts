import {
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type TensorInfo,
} from '../../tf.ts';
import type { ConvAttrs } from '../conv/convolution.ts';
import type { Kernel } from '../kernel.ts';
import { call, free, transposed } from './composed.ts';

/** Which inputs of an operation are images, and whether its result is one. */
const OPERATIONS = [
  { kernelName: Conv2D, images: ['x'], givesImages: true },
  { kernelName: Conv2DBackpropInput, images: ['dy'], givesImages: true },
  { kernelName: Conv2DBackpropFilter, images: ['x', 'dy'], givesImages: false },
  { kernelName: DepthwiseConv2dNative, images: ['x'], givesImages: true },
  { kernelName: DepthwiseConv2dNativeBackpropInput, images: ['dy'], givesImages: true },
  { kernelName: DepthwiseConv2dNativeBackpropFilter, images: ['x', 'dy'], givesImages: false },
];

const TO_LAST = [0, 2, 3, 1] as const;
const TO_FIRST = [0, 3, 1, 2] as const;

/** Convolutions of images with channels first (NCHW), on transposed copies: kernels and tfjs-wasm support only NHWC. */
export function channelsFirst(): readonly Kernel[] {
  return OPERATIONS.map(({ kernelName, images, givesImages }) => ({
    kernelName,
    run(context, inputs, attrs) {
      const { dataFormat, pad, inputShape } = attrs as unknown as ConvAttrs & { inputShape?: number[] };
      if (dataFormat !== 'NCHW') return undefined;
      const turned = images.map((name) => transposed(context, inputs[name] as TensorInfo, TO_LAST));
      const result = call(
        context,
        kernelName,
        { ...inputs, ...Object.fromEntries(images.map((name, i) => [name, turned[i] as TensorInfo])) },
        {
          ...attrs,
          dataFormat: 'NHWC',
          pad: typeof pad === 'object' ? reordered(pad) : pad,
          ...(inputShape !== undefined && { inputShape: reordered(inputShape) }),
        },
      );
      free(context, ...turned);
      if (!givesImages) return result;
      const output = transposed(context, result, TO_FIRST);
      free(context, result);
      return output;
    },
  }));
}

function reordered<T>(ofAxes: readonly T[]): T[] {
  return TO_LAST.map((axis) => ofAxes[axis] as T);
}
