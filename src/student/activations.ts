import { hardSwish } from '../runtime/ops/hardSwish.ts';
import { serialization, type Tensor } from '../runtime/tf.ts';

/** x · clip(x + 3, 0, 6) / 6 for `activation: 'hardSwish'` of any layer; tfjs-layers has no such activation. */
class HardSwish extends serialization.Serializable {
  /** @nocollapse */
  static readonly className = 'hardSwish';

  apply(x: Tensor): Tensor {
    return hardSwish(x);
  }

  override getConfig(): serialization.ConfigDict {
    return {};
  }
}

/** From here on models may name the activations that tfjs-layers lacks. Twice is fine. */
export function registerActivations(): void {
  serialization.registerClass(HardSwish);
}
