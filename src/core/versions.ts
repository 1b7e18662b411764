/** Versions of the libraries that compute, as in package.json; a test compares the two. */
export const VERSIONS = { limbeck: '0.1.0', tfjs: '4.22.0', onnxruntime: '1.30.0' } as const;
