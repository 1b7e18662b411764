// For code that only describes students: nothing here starts a worker or loads WebAssembly, so bundlers lay no file beside a page
// for it.

export { parameterCount, type Student, type StudentArtifacts, studentFromArtifacts } from './student/student.ts';
export { type CnnOptions, cnn } from './student/zoo/cnn.ts';
export { type CrnnOptions, crnn } from './student/zoo/crnn.ts';
export { type DsCnnOptions, dsCnn } from './student/zoo/dsCnn.ts';
export { type MlpOptions, mlp } from './student/zoo/mlp.ts';
export { type MobilenetV1Options, mobilenetV1 } from './student/zoo/mobilenetV1.ts';
export { type Resnet8Options, resnet8 } from './student/zoo/resnet8.ts';
export { type TransformerTinyOptions, transformerTiny } from './student/zoo/transformerTiny.ts';
