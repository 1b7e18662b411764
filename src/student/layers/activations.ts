import { gelu } from '../../runtime/ops/gelu.ts';
import { hardSwish } from '../../runtime/ops/hardSwish.ts';
import { serialization, type Tensor } from '../../runtime/tf.ts';

type ActivationClass = ReturnType<typeof activation>;

/** An activation of tfjs-layers, or undefined where it has none of that name. */
function known(name: string): ActivationClass | undefined {
  const [found] = serialization.SerializationMap.getMap().classNameMap[name] ?? [];
  return found as unknown as ActivationClass | undefined;
}

/** The class of an activation that tfjs-layers lacks. */
function activation(name: string, compute: (x: Tensor) => Tensor) {
  return class Activation extends serialization.Serializable {
    /** @nocollapse */
    static readonly className: string = name;

    apply(x: Tensor): Tensor {
      return compute(x);
    }

    override getConfig(): serialization.ConfigDict {
      return {};
    }
  };
}

/** The same activation under a second name. */
function alias(name: string, of: ActivationClass): ActivationClass {
  return class extends of {
    /** @nocollapse */
    static override readonly className: string = name;
  };
}

/**
 * Registers the activations that tfjs-layers lacks, so that models may name them; those that it has stay its own. Calling it
 * twice is fine.
 */
export function registerActivations(): void {
  const register = (name: string, make: () => ActivationClass) => {
    if (known(name) === undefined) serialization.registerClass(make());
  };
  // x · clip(x + 3, 0, 6) / 6
  register('hardSwish', () => activation('hardSwish', hardSwish));
  // tfjs-layers has these two from 4.20 on.
  register('gelu', () => activation('gelu', (x) => gelu(x)));
  register('gelu_new', () => activation('gelu_new', (x) => gelu(x, 'tanh')));
  // tfjs-layers writes 'gelu_new' into a saved model and looks for 'geluNew' when it loads one.
  register('geluNew', () => alias('geluNew', known('gelu_new') as ActivationClass));
}
