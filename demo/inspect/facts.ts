// What the command `limbeck inspect` says of a model too, in the same words.
export { amount } from '../../src/core/figures.ts';
export { factsOf, operatorFacts, shapeText } from '../../src/onnx/describe/factsOf.ts';
