import { invalidOption } from '../../../core/options.ts';

export interface RecomputeOption {
  /**
   * Whether a step keeps only a few layers' results of its forward pass, and computes the others again when the backward pass needs
   * them: less memory, for at most one forward pass more a step. The student is the same, bit for bit. Default false.
   */
  readonly recompute?: boolean;
}

/** Throws    invalid-option */
export function checkRecompute(value: boolean): void {
  if (typeof value !== 'boolean') throw invalidOption('recompute', value, 'true or false');
}
