import type { AudioInput } from './audioOptions.ts';
import type { ImageInput } from './imageOptions.ts';

const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_STD_DEV = [0.229, 0.224, 0.225];

/**
 * PaddleOCR's text recognition (PP-OCRv3 to v5): BGR, 48 high, as wide as the text is, in [-1, 1]; 0 follows at the right.
 * Source    PaddleOCR, tools/infer/predict_rec.py, resize_norm_img; rec_image_shape 3, 48, 320
 */
const paddleOcrRecognition = {
  size: [48, 320],
  fit: 'height',
  fill: 0.5,
  order: 'bgr',
  mean: 0.5,
  stdDev: 0.5,
} as const satisfies ImageInput;

/**
 * PaddleOCR's classifier of text direction (ch_ppocr_mobile_v2.0_cls): as recognition, 48 × 192.
 * Source    PaddleOCR, tools/infer/predict_cls.py, resize_norm_img; cls_image_shape 3, 48, 192
 */
const paddleOcrDirection = { ...paddleOcrRecognition, size: [48, 192] } as const satisfies ImageInput;

/**
 * PaddleOCR's text detection (DB): BGR with ImageNet's figures, which PaddleOCR takes in the order of the channels as they
 * are. Images stay as large as they are; height and width must be multiples of 32, and PaddleOCR takes 960 at most.
 * Source    PaddleOCR, tools/infer/predict_det.py, NormalizeImage; ppocr/data/imaug/operators.py, DetResizeForTest
 */
const paddleOcrDetection = {
  order: 'bgr',
  mean: IMAGENET_MEAN,
  stdDev: IMAGENET_STD_DEV,
} as const satisfies ImageInput;

/**
 * torchvision's classifiers on ImageNet: the shorter side to 256 with antialiasing, the middle 224 × 224.
 * Source    torchvision.transforms._presets.ImageClassification
 */
const torchvision = {
  size: [224, 224],
  fit: 'cover',
  shortSide: 256,
  antialias: 'yes',
  mean: IMAGENET_MEAN,
  stdDev: IMAGENET_STD_DEV,
} as const satisfies ImageInput;

/**
 * CLIP's image encoders at 224 × 224: bicubic, the middle.
 * Source    Radford et al. 2021, github.com/openai/CLIP, clip/clip.py, _transform
 */
const clip = {
  size: [224, 224],
  fit: 'cover',
  filter: 'bicubic',
  antialias: 'yes',
  mean: [0.48145466, 0.4578275, 0.40821073],
  stdDev: [0.26862954, 0.26130258, 0.27577711],
} as const satisfies ImageInput;

/**
 * MobileNet and other models of TensorFlow: 224 × 224, channels last, in [-1, 1].
 * Source    tf.keras.applications.imagenet_utils.preprocess_input, mode 'tf'
 */
const mobilenet = { size: [224, 224], layout: 'nhwc', mean: 0.5, stdDev: 0.5 } as const satisfies ImageInput;

/** Samples in −1…1, as they are: Silero's models of voice activity, and most that read sound itself. */
const rawAudio = { kind: 'audio' } as const satisfies AudioInput;

/**
 * Samples with a mean of 0 and a deviation of 1: Wav2Vec2, HuBERT and their kin.
 * Source    Hugging Face transformers, Wav2Vec2FeatureExtractor, do_normalize
 */
const wav2vec2 = { kind: 'audio', standardised: 'yes' } as const satisfies AudioInput;

/**
 * openWakeWord's melspectrogram.onnx: floats in the range of 16-bit integers.
 * Source    github.com/dscripka/openWakeWord, openwakeword/utils.py, AudioFeatures
 */
const openWakeWord = { kind: 'audio', range: 32768 } as const satisfies AudioInput;

/**
 * Whisper's encoder: 30 s at 16 kHz as 80 bands × 3000 frames of 25 ms, log10 within 8 of the maximum. From large-v3 on it
 * is 128 bands.
 * Source    Radford et al. 2022, arXiv:2212.04356, §2.2; github.com/openai/whisper, whisper/audio.py
 */
const whisper = {
  kind: 'audio',
  samples: 480_000,
  logMel: { lastFrame: 'dropped', dynamicRange: 8, mean: -4, stdDev: 4 },
} as const satisfies AudioInput;

/**
 * YAMNet's patches: 0.975 s at 16 kHz as 96 frames × 64 bands from 125 to 7,500 Hz, ln(magnitude + 0.001).
 * Source    github.com/tensorflow/models, research/audioset/yamnet, params.py and features.py
 */
const yamnet = {
  kind: 'audio',
  samples: 15_600,
  layout: 'btf',
  logMel: {
    fftSize: 512,
    windowSamples: 400,
    hopSamples: 160,
    edges: 'none',
    power: 1,
    bands: 64,
    lowHz: 125,
    highHz: 7500,
    scale: 'htk',
    triangles: 'mel',
    area: 'free',
    log: 'ln',
    offset: 0.001,
    floor: 0,
  },
} as const satisfies AudioInput;

/**
 * How the common families of models want their input: plain values to give to loadTeacher, or to spread and change. All
 * sound is 16,000 samples a second.
 *
 * @example
 * const teacher = loadTeacher('/models/rec.onnx', { input: { ...inputPresets.paddleOcrRecognition, size: [48, 160] } });
 */
export const inputPresets = {
  paddleOcrRecognition,
  paddleOcrDirection,
  paddleOcrDetection,
  torchvision,
  clip,
  mobilenet,
  rawAudio,
  wav2vec2,
  openWakeWord,
  whisper,
  yamnet,
} as const;
