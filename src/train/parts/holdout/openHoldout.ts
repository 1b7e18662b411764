import { describeStudent } from '../../../student/build.ts';
import { measuredOutputs } from '../../labels.ts';
import { predictHoldout } from '../../predict.ts';
import type { OpenPart } from '../part.ts';

/** Runs the student on the held-out examples after each epoch, and adds the outputs to the event. */
export const openHoldout: OpenPart = ({ job: { holdoutSize }, model, source }) =>
  source && {
    async afterEpoch(_, { loss, signal }) {
      const names = measuredOutputs(loss, describeStudent(model).outputs);
      const read = (indices: Int32Array) => source.readHoldout(indices);
      const [holdoutOutputs, ...peers] = Object.values(await predictHoldout(model, names, holdoutSize, read, signal));
      const peerOutputs = Object.fromEntries(peers.map((array, i) => [names[i + 1] as string, array]));
      return { ...(holdoutOutputs && { holdoutOutputs }), ...(peers.length > 0 && { peerOutputs }) };
    },
  };
