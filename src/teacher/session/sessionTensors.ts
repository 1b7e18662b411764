// Arrays as onnxruntime's tensors, and back.
export { fromHalves, toHalves } from '../../core/halves.ts';
export { fromOrtTensor, isNumericType, toOrtTensor } from '../../runtime/ortTensors.ts';
