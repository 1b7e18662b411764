import type { Value } from '../../onnx/write/graphValue.ts';

/** One run of one cell over a sequence, time first. */
export interface Pass {
  /** [T, B, F] */
  readonly x: Value;
  readonly direction: 'forward' | 'reverse';
  /** [B, units] each; empty means zeros. */
  readonly initial: readonly Value[];
  /** int32 [B]: how many steps of each sequence count; all if left out. */
  readonly lengths?: Value;
  /** What is needed; only that gets nodes. */
  readonly needs: 'sequence' | 'states' | 'both';
}

export interface Ran {
  /** [T, B, units]: each output at the time of its input, whatever the direction. */
  readonly sequence?: Value;
  /** [B, units] each, after the last step; the first is the last output. */
  readonly states: readonly Value[];
}
