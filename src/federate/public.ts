// What limbeck/federate exports.
export { type Audited, type AuditOptions, audit } from './audit.ts';
export { type Combine, type Combined, meanOf, type Part, weightedMean } from './combine.ts';
export { type Int8Options, int8 } from './compress/int8.ts';
export { type TopKOptions, topK } from './compress/topK.ts';
export type { Compression } from './compressor.ts';
export { type DeviceKey, deviceKey, isSignedBy } from './deviceKey.ts';
export { dirichletShares } from './dirichlet.ts';
export type { FederateEvent } from './events.ts';
export { federate } from './federate.ts';
export type { FederateOptions } from './federateOptions.ts';
export type { Federated, FederateReport } from './federateReport.ts';
export { type PrivateMean, type PrivateMeanOptions, privateMean } from './privacy/privateMean.ts';
export type { Contribution, Rejection, RoundRecord } from './records.ts';
export { type ClippedMeanOptions, clippedMean } from './robust/clippedMean.ts';
export { type GatedOptions, gated } from './robust/gated.ts';
export { median } from './robust/median.ts';
export { type MultiKrumOptions, multiKrum } from './robust/multiKrum.ts';
export { type NearestNeighbourMixingOptions, nearestNeighbourMixing } from './robust/nearestNeighbourMixing.ts';
export { type TrimmedMeanOptions, trimmedMean } from './robust/trimmedMean.ts';
export { fromFixedPoint, toFixedPoint, weightedMeanOf, weightedWords } from './secure/fixedPoint.ts';
export { type SecureClient, secureClient } from './secure/secureClient.ts';
export type { SecureOptions } from './secure/secureOptions.ts';
export { type SecureRound, thresholdOf } from './secure/secureRound.ts';
export { type SecureServer, type SecureSum, secureServer } from './secure/secureServer.ts';
export { joinSecureSum, leadSecureSum, type SecurePart } from './secure/secureSum.ts';
export { type SignaturesOptions, signatures } from './signatures.ts';
export { type SimulateEvent, type SimulateOptions, type SimulationReport, simulate } from './simulate.ts';
export * from './strategies/all.ts';
export type { Device, Gathered, Member, Place, Strategy } from './strategy.ts';
export { checkKey, type Entry, isKeyPart, type Transport, transportFailed } from './transport.ts';
export { type BroadcastChannelOptions, openBroadcastChannel } from './transports/broadcastChannel.ts';
export { type Loopback, loopback } from './transports/loopback.ts';
export { type NatsOptions, openNats } from './transports/nats.ts';
export {
  checkValues,
  type Encoding,
  type Expected,
  type RejectReason,
  rejected,
  type Update,
  type UpdateKind,
  type UpdateSignatures,
  updateFromBytes,
  updateHash,
  updateToBytes,
} from './update.ts';
