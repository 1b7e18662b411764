import type { Value } from '../../onnx/write/graphValue.ts';

/** One run of one cell over a sequence, time first. */
export interface Pass {
  /** [T, B, F] */
  readonly x: Value;
  readonly direction: 'forward' | 'reverse';
  /** [B, units] each; empty stands for zeros. */
  readonly initial: readonly Value[];
  /** int32 [B]: how many steps of each sequence count; all of them where it is left out. */
  readonly lengths?: Value;
  /** What is asked for; only that gets nodes where it costs any. */
  readonly needs: 'sequence' | 'states' | 'both';
}

export interface Ran {
  /** [T, B, units]: each output at the time of its input, whatever the direction. */
  readonly sequence?: Value;
  /** [B, units] each, after the last step; the first is the last output. */
  readonly states: readonly Value[];
}
