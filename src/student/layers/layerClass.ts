import type { serialization } from '../../runtime/tf.ts';
import type { Layer, Tf } from '../../runtime/tfNamespace.ts';

// biome-ignore lint: the argument of a tfjs layer differs from class to class
export type LayerClass = (new (config: any) => Layer) & { readonly className: string };

/**
 * A layer class of our own. It extends a class of tfjs, which arrives as an argument, so it is created at its first
 * use, once for each tfjs, and registered there so that saved models find it.
 */
export function layerClass(make: (tf: Tf) => LayerClass): (tf: Tf) => LayerClass {
  const made = new WeakMap<Tf, LayerClass>();
  return (tf) => {
    const known = made.get(tf);
    if (known !== undefined) return known;
    const created = make(tf);
    tf.serialization.registerClass(created as unknown as serialization.SerializableConstructor<Layer>);
    made.set(tf, created);
    return created;
  };
}
