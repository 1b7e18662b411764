// What limbeck/federate exports.
export { type Audited, type AuditOptions, audit } from './audit.ts';
export { type Combine, type Combined, meanOf, type Part, weightedMean } from './combine.ts';
export { dirichletShares } from './dirichlet.ts';
export type { FederateEvent } from './events.ts';
export { type Federated, type FederateReport, federate } from './federate.ts';
export type { FederateOptions } from './federateOptions.ts';
export type { Contribution, Rejection, RoundRecord } from './records.ts';
export { type SimulateEvent, type SimulateOptions, type SimulationReport, simulate } from './simulate.ts';
export * from './strategies/all.ts';
export type { Device, Gathered, Member, Place, Strategy } from './strategy.ts';
export { checkKey, type Entry, isKeyPart, type Transport, transportFailed } from './transport.ts';
export { type BroadcastChannelOptions, openBroadcastChannel } from './transports/broadcastChannel.ts';
export { type Loopback, loopback } from './transports/loopback.ts';
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
