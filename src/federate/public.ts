// What limbeck/federate exports.
export { type Combine, type Combined, meanOf, type Part, weightedMean } from './combine.ts';
export { type ClippedMeanOptions, clippedMean } from './robust/clippedMean.ts';
export { median } from './robust/median.ts';
export { type MultiKrumOptions, multiKrum } from './robust/multiKrum.ts';
export { type TrimmedMeanOptions, trimmedMean } from './robust/trimmedMean.ts';
export { checkKey, type Entry, isKeyPart, type Transport, transportFailed } from './transport.ts';
export { type Loopback, loopback } from './transports/loopback.ts';
export {
  checkValues,
  type Encoding,
  type Expected,
  type RejectReason,
  rejected,
  type Update,
  type UpdateKind,
  updateFromBytes,
  updateHash,
  updateToBytes,
} from './update.ts';
