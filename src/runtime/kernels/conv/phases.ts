// The gradient of a convolution's input, cut into convolutions of stride 1.

/** The input rows (or columns) of one stride phase and the taps that reach them: oh = first + q − t · step. */
interface Phase {
  readonly start: number;
  readonly count: number;
  readonly firstTap: number;
  readonly tapStep: number;
  readonly taps: number;
  readonly firstOut: number;
  readonly outStep: number;
}

/**
 * With stride s, an input row is reached only by taps that differ by multiples of s. Each of the s phases is a
 * convolution of stride 1 over its own taps, so nothing is multiplied by a known zero.
 */
export function phasesOf(inLength: number, filter: number, stride: number, dilation: number, pad: number): Phase[] {
  const phases: Phase[] = [];
  for (let start = 0; start < Math.min(stride, inLength); start++) {
    const reached = Array.from({ length: filter }, (_, tap) => tap).filter(
      (tap) => (start + pad - tap * dilation) % stride === 0,
    );
    const firstTap = reached[0] ?? 0;
    const tapStep = reached.length > 1 ? (reached[1] as number) - firstTap : 1;
    phases.push({
      start,
      count: Math.ceil((inLength - start) / stride),
      firstTap,
      tapStep,
      taps: reached.length,
      firstOut: (start + pad - firstTap * dilation) / stride,
      outStep: (tapStep * dilation) / stride,
    });
  }
  return phases;
}

/** How far the phases read before and after the output gradient. */
export function reachOf(phases: readonly Phase[], outLength: number): { before: number; length: number } {
  let least = 0;
  let most = outLength - 1;
  for (const { firstOut, outStep, taps, count } of phases) {
    if (taps === 0) continue;
    least = Math.min(least, firstOut - (taps - 1) * outStep);
    most = Math.max(most, firstOut + count - 1);
  }
  return { before: -least, length: most - least + 1 };
}
