// What describes a student: nothing here starts a worker or loads WebAssembly, so bundlers lay no file beside a page for it.

export { parameterCount, type Student, type StudentArtifacts, studentFromArtifacts } from './student.ts';
export { type AutoencoderOptions, autoencoder } from './zoo/autoencoder.ts';
export { type CnnOptions, cnn } from './zoo/cnn.ts';
export { type CrnnOptions, crnn } from './zoo/crnn.ts';
export { type DecoderOptions, decoder } from './zoo/decoder.ts';
export { type DsCnnOptions, dsCnn } from './zoo/dsCnn.ts';
export { type KeypointsOptions, keypoints } from './zoo/keypoints.ts';
export { type MlpOptions, mlp } from './zoo/mlp.ts';
export { type MobilenetV1Options, mobilenetV1 } from './zoo/mobilenetV1.ts';
export { type RecurrentDecoderOptions, recurrentDecoder } from './zoo/recurrentDecoder.ts';
export { type Resnet8Options, resnet8 } from './zoo/resnet8.ts';
export { type TransformerTinyOptions, transformerTiny } from './zoo/transformerTiny.ts';
export { type TwoTowerOptions, twoTower } from './zoo/twoTower.ts';
