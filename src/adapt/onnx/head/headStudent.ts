import type { NamedArrays, NdArray } from '../../../core/shape.ts';
import { baseHash } from '../../../student/patch/baseHash.ts';
import type { StudentArtifacts } from '../../../student/student.ts';
import { HEAD_INPUT } from '../../../student/topology/headOf.ts';
import type { Adaptable } from '../../adaptable.ts';
import { addedLogits } from '../../guard/crossFit.ts';

/** The input with the model's own logits, [N, C]. */
export const OWN_INPUT = 'own';
const HEAD = 'logits';

/** How many features a head reads, how many classes it tells, and whether it adds to the model's own logits. */
interface HeadForm {
  readonly features: number;
  readonly classes: number;
  readonly adds: boolean;
}

/**
 * What learns if the model itself does not: a dense layer of zeros on its features. It stands alone, or adds to the model's
 * own logits.
 * Shapes    features [N, F], own [N, C] where it adds → logits [N, C]
 */
export async function headStudent(form: HeadForm): Promise<Adaptable> {
  const { classes, adds } = form;
  const artifacts = headArtifacts(form);
  const nothing = (inputs: NamedArrays): NdArray => {
    const size = inputs[HEAD_INPUT]?.shape[0] as number;
    return { data: new Float32Array(size * classes), shape: [size, classes] };
  };
  const former = (inputs: NamedArrays) => (adds ? (inputs[OWN_INPUT] as NdArray) : nothing(inputs));
  return {
    artifacts,
    classifier: { layer: HEAD, features: HEAD_INPUT, classes },
    known: classes,
    hash: await baseHash(artifacts),
    answers: async (inputs) => ({ features: inputs[HEAD_INPUT] as NdArray, logits: former(inputs) }),
    async logits(inputs, patch) {
      if (patch === undefined) return inputs[OWN_INPUT] ?? nothing(inputs);
      const { data, shape } = addedLogits(inputs[HEAD_INPUT] as NdArray, patch.changes, classes);
      const before = former(inputs).data;
      return { data: data.map((added, at) => added + (before[at] as number)), shape };
    },
  };
}

/** In tfjs's layers format, for methods that take steps. */
function headArtifacts({ features, classes, adds }: HeadForm): StudentArtifacts {
  const inputOf = (name: string, width: number) => ({
    name,
    class_name: 'InputLayer',
    config: { batch_input_shape: [null, width], dtype: 'float32', sparse: false, name },
    inbound_nodes: [],
  });
  const dense = { name: HEAD, units: classes, activation: 'linear', use_bias: true, trainable: true };
  const layers = [
    inputOf(HEAD_INPUT, features),
    { name: HEAD, class_name: 'Dense', config: dense, inbound_nodes: [[[HEAD_INPUT, 0, 0, {}]]] },
  ];
  const sum = {
    name: 'sum',
    class_name: 'Add',
    config: { name: 'sum', trainable: true },
    inbound_nodes: [
      [
        [HEAD, 0, 0, {}],
        [OWN_INPUT, 0, 0, {}],
      ],
    ],
  };
  const ends = adds
    ? {
        layers: [...layers, inputOf(OWN_INPUT, classes), sum],
        input_layers: [
          [HEAD_INPUT, 0, 0],
          [OWN_INPUT, 0, 0],
        ],
        output_layers: [['sum', 0, 0]],
      }
    : { layers, input_layers: [[HEAD_INPUT, 0, 0]], output_layers: [[HEAD, 0, 0]] };
  return {
    modelTopology: { class_name: 'Model', config: { name: 'head', ...ends } },
    weightSpecs: [
      { name: `${HEAD}/kernel`, shape: [features, classes], dtype: 'float32' },
      { name: `${HEAD}/bias`, shape: [classes], dtype: 'float32' },
    ],
    weightData: new Float32Array((features + 1) * classes).buffer,
  };
}
