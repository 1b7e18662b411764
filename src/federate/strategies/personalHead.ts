import { given, type OptionsOf, schema } from '../../core/schema.ts';
import { classifierOf } from '../../student/topology/classifier.ts';
import type { Strategy } from '../strategy.ts';
import { weightsMember } from '../weightsMember.ts';

const OPTIONS = schema('personalHead', {
  /** Layers that stay on the device, by name. Default: the last one, which tells the classes. */
  layers: given<readonly string[]>(),
});

/** Which layers are a client's own. */
export interface PersonalHeadOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Personal heads on a shared body (FedPer): all layers but the last are averaged as by fedAvg; the last stays on its device, where
 * it learns what is particular to it. A client that joins later trains its own.
 * Shapes    every weight of the shared layers
 * Units     none
 * Throws    student-invalid: the last layer is not dense, and no layers are named
 * Source    Arivazhagan et al. 2019, algorithms 1 and 2, arXiv:1912.00818
 */
export function personalHead(options: PersonalHeadOptions = {}): Strategy {
  const { layers } = OPTIONS.read(options);
  return {
    name: 'personalHead',
    options: layers === undefined ? {} : { layers },
    kind: 'weights',
    isPersonal: true,
    takesCombine: true,
    async open(device) {
      const own = layers ?? [classifierOf(device.artifacts).layer];
      return weightsMember(device, { isShared: (name) => !own.some((layer) => name.startsWith(`${layer}/`)) });
    },
  };
}
