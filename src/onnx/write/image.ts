import type { Attribute, Output } from './graphBuilder.ts';
import type { Value } from './graphValue.ts';
import { channelsFirst } from './layout.ts';
import { listAt, type OperatorCall } from './operatorCall.ts';

/** The first operand with channels first, and what is known of the result. */
export function imageIn({ graph, operands, shape }: OperatorCall): { readonly x: Value; readonly output: Output } {
  const x = channelsFirst(graph, operands[0] as Value);
  return { x, output: { shape, dtype: x.dtype, layout: shape.length < 3 ? 'plain' : 'channels-first' } };
}

/** A window's attributes. `extra` pads only make the last window whole: ceil_mode adds them by itself. */
export function windowIn(
  call: OperatorCall,
  kernel: readonly number[],
  extra: readonly number[] = [],
): Record<string, Attribute> {
  const pads = listAt(call, 'pads');
  const fronts = kernel.map((_, i) => pads[2 * i] ?? 0);
  const backs = kernel.map((_, i) => (pads[2 * i + 1] ?? 0) - (extra[i] ?? 0));
  const dilations = listAt(call, 'dilations');
  return {
    kernel_shape: kernel,
    strides: listAt(call, 'strides'),
    pads: [...fronts, ...backs],
    ...(dilations.some((one) => one !== 1) && { dilations }),
    ...(extra.some((one) => one > 0) && { ceil_mode: 1 }),
  };
}
