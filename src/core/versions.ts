/** What computes, as package.json names it; a test holds the two against each other. */
export const VERSIONS = { limbeck: '0.1.0', tfjs: '4.22.0', onnxruntime: '1.30.0' } as const;
