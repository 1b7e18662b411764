// The part of index.ts that lists the losses: export lines only.

export { type ActivationBoundaryOptions, activationBoundary } from './losses/activationBoundary.ts';
export { type AttentionMapOptions, attentionMap } from './losses/attentionMap.ts';
export {
  type AttentionRelation,
  type AttentionRelationsOptions,
  attentionRelations,
} from './losses/attentionRelations.ts';
export { type BoundedRegressionOptions, boundedRegression } from './losses/boundedRegression.ts';
export { type ChannelSimilarityOptions, channelSimilarity } from './losses/channelSimilarity.ts';
export { type ChannelWiseOptions, channelWise } from './losses/channelWise.ts';
export { type ClassWiseOptions, classWise } from './losses/classWise.ts';
export { type CollaborativeOptions, collaborative } from './losses/collaborative.ts';
export { type ConfidenceWeightedOptions, confidenceWeighted } from './losses/confidenceWeighted.ts';
export { type ConsistencyOptions, consistency } from './losses/consistency.ts';
export { type ContrastiveOptions, contrastive } from './losses/contrastive.ts';
export { type CorrelationCongruenceOptions, correlationCongruence } from './losses/correlationCongruence.ts';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.ts';
export { type DecoupledTargetsOptions, decoupledTargets } from './losses/decoupledTargets.ts';
export { type DistributionCorrelationOptions, distributionCorrelation } from './losses/distributionCorrelation.ts';
export { type EarlyExitsOptions, earlyExits } from './losses/earlyExits.ts';
export { type EmbeddingMatchOptions, embeddingMatch } from './losses/embeddingMatch.ts';
export { type EntropyWeightedOptions, entropyWeighted } from './losses/entropyWeighted.ts';
export { type ExampleWeightedOptions, exampleWeighted } from './losses/exampleWeighted.ts';
export { type FactorTransferOptions, factorTransfer } from './losses/factorTransfer.ts';
export { type FeatureAlignOptions, featureAlign } from './losses/featureAlign.ts';
export { type FeatureHintOptions, featureHint } from './losses/featureHint.ts';
export { type FeatureNormalizedOptions, featureNormalized } from './losses/featureNormalized.ts';
export type { FeaturePairOptions, FeatureProjector } from './losses/featurePair.ts';
export { type FlowOptions, flow } from './losses/flow.ts';
export { type FormerOutputsOptions, formerOutputs } from './losses/formerOutputs.ts';
export { type GatedBranchesOptions, gatedBranches } from './losses/gatedBranches.ts';
export { type GeneralizedDivergenceOptions, generalizedDivergence } from './losses/generalizedDivergence.ts';
export { type HardDarkRankOptions, hardDarkRank } from './losses/hardDarkRank.ts';
export { type InformationMaximizationOptions, informationMaximization } from './losses/informationMaximization.ts';
export { type InstanceGraphOptions, instanceGraph } from './losses/instanceGraph.ts';
export { type LabelSmoothingOptions, labelSmoothing } from './losses/labelSmoothing.ts';
export { type LearnedTeachersOptions, learnedTeachers } from './losses/learnedTeachers.ts';
export { type ListNetOptions, listNet } from './losses/listNet.ts';
export { type LocalStructureOptions, localStructure } from './losses/localStructure.ts';
export { type LogitRegressionOptions, logitRegression } from './losses/logitRegression.ts';
export type { Loss, LossParameter, LossReads, LossShapes, LossTensors, Progress } from './losses/loss.ts';
export { type MarginMseOptions, marginMse } from './losses/marginMse.ts';
export { type MaskedGenerationOptions, maskedGeneration } from './losses/maskedGeneration.ts';
export type { MembersOptions } from './losses/memberDivergences.ts';
export { type MultiHeadRelationOptions, multiHeadRelation } from './losses/multiHeadRelation.ts';
export { type MultiLevelTargetsOptions, multiLevelTargets } from './losses/multiLevelTargets.ts';
export { type MutualOptions, mutual } from './losses/mutual.ts';
export { neuronSelectivity } from './losses/neuronSelectivity.ts';
export { type NormalizedTargetsOptions, normalizedTargets } from './losses/normalizedTargets.ts';
export { type OverhaulOptions, overhaul } from './losses/overhaul.ts';
export type { PairOptions } from './losses/pairs.ts';
export { probabilityTransfer } from './losses/probabilityTransfer.ts';
export { type ProgressiveTargetsOptions, progressiveTargets } from './losses/progressiveTargets.ts';
export { type RankNetOptions, rankNet } from './losses/rankNet.ts';
export { type RegressionOptions, regression } from './losses/regression.ts';
export { relationAngle } from './losses/relationAngle.ts';
export { relationDistance } from './losses/relationDistance.ts';
export { type ReviewOptions, review } from './losses/review.ts';
export {
  byStep,
  constant,
  cosine,
  linear,
  type Schedule,
  type Span,
  type SpanOptions,
  sigmoidRamp,
  warmUp,
} from './losses/schedule.ts';
export { similarity } from './losses/similarity.ts';
export { type SoftCrossEntropyOptions, softCrossEntropy } from './losses/softCrossEntropy.ts';
export { type SoftTargetsOptions, softTargets } from './losses/softTargets.ts';
export { type StandardizedTargetsOptions, standardizedTargets } from './losses/standardizedTargets.ts';
export { type TeacherFreeOptions, teacherFree } from './losses/teacherFree.ts';
export { uncertaintyWeighted } from './losses/uncertaintyWeighted.ts';
export { type VariationalInformationOptions, variationalInformation } from './losses/variationalInformation.ts';
export { type WeightedTerm, weighted } from './losses/weighted.ts';
export { type WeightedSoftLabelsOptions, weightedSoftLabels } from './losses/weightedSoftLabels.ts';
