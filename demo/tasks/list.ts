/** What the page says of a task; the work itself is in tasks/pages/. */
export interface WorkedExample {
  /** As `npm run examples` names it. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** What must be installed where the demo is built, if that is no part of the packages. */
  readonly needs?: string;
  /** What one may try when it has learned. */
  readonly tryIt?: {
    readonly label: string;
    readonly example: string;
    readonly hint: string;
    /** Answers while one types. */
    readonly isLive?: boolean;
  };
  /** What to say to a student that listens to the microphone. */
  readonly say?: string;
}

export const TASKS: readonly WorkedExample[] = [
  {
    name: 'recognition',
    title: 'Read a line of text',
    about:
      'PP-OCRv4 reads 4,000 lines that are drawn here in eight fonts, without labels; a student of some 200 kB learns to read them. ' +
      'It is tested on fonts that it never saw.',
    tryIt: {
      label: 'A line to read',
      example: 'The quick brown fox',
      hint: 'It is drawn in a font that the student has not seen. The teacher is loaded again for it.',
    },
  },
  {
    name: 'ranking',
    title: 'Search as you type',
    about:
      'BM25 orders a thousand entries of WordNet for some thousand queries; two small towers learn its order. ' +
      'The student answers in a fraction of a millisecond.',
    tryIt: {
      label: 'Search for',
      example: 'saw for cutting metal',
      hint: 'Words of what an entry says: they are things that people make.',
      isLive: true,
    },
  },
  {
    name: 'generation',
    title: 'Write, letter by letter',
    about:
      'A transformer learns from WordNet how things are defined; a smaller one begins with half of it, learns from its ' +
      'answers, letter by letter, and writes definitions of its own. It takes some minutes, and what both write is nonsense ' +
      'that looks like English.',
    tryIt: {
      label: 'Go on from',
      example: 'a small animal that',
      hint: 'Small letters, spaces, hyphens, commas and brackets.',
    },
  },
  {
    name: 'audio',
    title: 'Hear a wake word',
    about:
      'openWakeWord’s model of speech teaches a network of some 20 kB to hear one word, from five takes of it and from voices that ' +
      'are made up. It is tested on voices that it never heard. All of them are a synthesizer’s, so the figures are synthetic ' +
      'evidence: people, rooms and microphones differ more.',
    say: 'marvin',
  },
  {
    name: 'regression',
    title: 'Foretell a number',
    about:
      'A random forest knows how far cars go on a gallon. A network a hundred times smaller learns from its answers ' +
      'for cars that nobody has measured, and how sure it may be.',
  },
  {
    name: 'classification',
    title: 'Tell clothes apart',
    about:
      'A residual net knows Fashion-MNIST from 8,000 labels. A small net learns from its answers to pictures of which only ' +
      'a tenth has a label, which is all that the control gets.',
    needs: 'dataset-fashion-mnist',
  },
];
