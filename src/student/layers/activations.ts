import { hardSwish } from '../../runtime/ops/hardSwish.ts';
import { serialization, type Tensor } from '../../runtime/tf.ts';

/** x · clip(x + 3, 0, 6) / 6 for `activation: 'hardSwish'` of any layer; tfjs-layers has no such activation. */
class HardSwish extends serialization.Serializable {
  /** @nocollapse */
  static readonly className: string = 'hardSwish';

  apply(x: Tensor): Tensor {
    return hardSwish(x);
  }

  override getConfig(): serialization.ConfigDict {
    return {};
  }
}

/**
 * tfjs-layers writes its activation as 'gelu_new' into a saved model and looks for 'geluNew' when it loads one. This is
 * the same activation under the second name.
 */
function geluNewClass(): serialization.SerializableConstructor<serialization.Serializable> {
  const [known] = serialization.SerializationMap.getMap().classNameMap['gelu_new'] ?? [];
  class GeluNew extends (known as unknown as typeof HardSwish) {
    /** @nocollapse */
    static override readonly className: string = 'geluNew';
  }
  return GeluNew;
}

/** Registers the activations that tfjs-layers lacks, so that models may name them. Calling it twice is fine. */
export function registerActivations(): void {
  if (serialization.SerializationMap.getMap().classNameMap['geluNew'] !== undefined) return;
  serialization.registerClass(HardSwish);
  serialization.registerClass(geluNewClass());
}
