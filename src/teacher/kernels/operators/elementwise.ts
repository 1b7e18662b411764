import { int, needNumbers, type Operator, type Operators, runKernel, unsupported } from '../call.ts';
import { fromRecord } from '../fromRecord.ts';

/** Steps that only this engine makes: functions of each value, in whatever order they lie. */
const kernel =
  (name: string): Operator =>
  (call) => {
    const { tensor, order } = call.value(0);
    return { tensor: runKernel(name, { x: tensor }, { curve: call.step.curve }), order };
  };

const cast = fromRecord('', 'Cast') as Operator;

export const ELEMENTWISE: Operators = {
  Line: kernel('Line'),
  Gate: kernel('Gate'),
  Cast: (call) => {
    const to = int(call, 'to', 1);
    if (to === 8) throw unsupported(call, 'it makes text');
    if (to === 10 || to === 16) throw unsupported(call, 'it makes halves');
    return cast(call);
  },
  Dropout: (call) => {
    if (call.has(2) && needNumbers(call, 2)[0] !== 0) throw unsupported(call, 'it is to drop values, as in training');
    return call.value(0);
  },
};
