// The shipped file tfjs-backend-webgl.js: tfjs's WebGL backend, which registers itself with the tfjs-core that it is given.
import '@tensorflow/tfjs-backend-webgl';
