import { mul, reshape, type Tensor, type TensorInfo, zerosLike } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/** What one call of the kernel may take for its forward variables. */
const MOST_WORK_BYTES = 2 ** 28;

/**
 * Connectionist temporal classification of each example, and its gradient, in one pass. `losses/response/ctc.ts` asks for
 * it. A label ends at its first number that is no class, and is infinitely unlikely where the steps are too few for it.
 * Shapes    logits [B, T, C], sequences [B, L] int32 → losses [B], gradient [B, T, C]
 * Units     logits in; nats out. Attributes: blank, the class between labels; byLength divides by a label's length;
 *           zeroInfinity counts what no path can give as 0
 * Gradient  reaches the logits only
 * Throws    nothing; the caller composes what does not fit 256 MB
 * Source    Graves et al. 2006, "Connectionist Temporal Classification", §4
 */
export const ctcLoss: Kernel = {
  kernelName: 'CtcLoss',
  gradient: {
    inputsToSave: [],
    outputsToSave: [false, true],
    gradFunc(dy, [gradient]) {
      const [ofLosses] = dy as Tensor[];
      return {
        logits: () => mul(reshape(ofLosses as Tensor, [-1, 1, 1]), gradient as Tensor),
        sequences: () => zerosLike(gradient as Tensor),
      };
    },
  },
  run(context, inputs, attrs) {
    const { logits, sequences } = inputs as { logits: TensorInfo; sequences: TensorInfo };
    const { blank, byLength, zeroInfinity } = attrs as unknown as CtcAttrs;
    const [batch = 0, time = 0, classes = 0] = logits.shape;
    const [rows = 0, length = 0] = sequences.shape;
    if (logits.shape.length !== 3 || sequences.shape.length !== 2 || rows !== batch || length === 0) return undefined;
    if (!isSupported(logits) || sequences.dtype !== 'int32' || !(blank >= 0 && blank < classes)) return undefined;
    const states = 2 * length + 1;
    const workBytes = 8 * (time + time * states + states + 1);
    if (workBytes * batch > MOST_WORK_BYTES) return undefined;
    const { backend, pool, address } = context;
    const gradient = backend.makeOutput(logits.shape, 'float32');
    const losses = backend.makeOutput([batch], 'float32');
    const work = pool.scratch(workBytes * batch);
    const tensors = [logits, sequences, gradient, losses].map(address);
    const flags = [blank, byLength ? 1 : 0, zeroInfinity ? 1 : 0];
    const words = [...tensors, work, workBytes, batch, time, classes, length, ...flags];
    pool.run('ctcLoss', words, batch * time * (12 * classes + 100 * states));
    return [losses, gradient];
  },
};

interface CtcAttrs {
  readonly blank: number;
  readonly byLength: boolean;
  readonly zeroInfinity: boolean;
}
