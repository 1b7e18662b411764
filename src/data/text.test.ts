import { describe, expect, test } from 'vitest';
import { fromText, type TextOptions } from './text.ts';
import type { TextLike, TokenizerFiles } from './tokenize.ts';

// Vocabularies small enough to apply the published rules by hand.
const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'play', '##ing', '##ed', 'the', 'piano', 'un', '##play', ',', 'a'];
const special = (ids: readonly number[]) =>
  ids.map((id) => ({
    id,
    content: WORDS[id],
    special: true,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  }));

/** Like BERT's: lower case, split at blanks and punctuation, then the longest known piece first. */
const wordPiece: TokenizerFiles = {
  'tokenizer.json': {
    version: '1.0',
    added_tokens: special([0, 1, 2, 3]),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: {},
    },
    decoder: { type: 'WordPiece', prefix: '##' },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  },
  'tokenizer_config.json': { pad_token: '[PAD]', unk_token: '[UNK]' },
};

/** Merges letters in the order of the list; adds no tokens, and pads with 9. */
const bpe: TokenizerFiles = {
  'tokenizer.json': JSON.stringify({
    padding: { pad_id: 9 },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    model: {
      type: 'BPE',
      vocab: { l: 0, o: 1, w: 2, e: 3, r: 4, lo: 5, low: 6, er: 7, '<unk>': 8, '<pad>': 9 },
      merges: ['l o', 'lo w', 'e r'],
      unk_token: '<unk>',
    },
  }),
  'tokenizer_config.json': JSON.stringify({ padding_side: 'left', truncation_side: 'left' }),
};

async function read(texts: readonly TextLike[], options: TextOptions): Promise<Record<string, number[][]>> {
  const { inputs } = await fromText(texts, options).read(Int32Array.from(texts, (_, i) => i));
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const [, length = 0] = shape;
      return [name, texts.map((_, i) => Array.from(data.subarray(i * length, (i + 1) * length)))];
    }),
  );
}

describe('WordPiece', () => {
  test.each([
    ['pieces, longest first', 'Playing the piano', [2, 4, 5, 7, 8, 3, 0, 0]],
    ['a piece of a piece', 'unplayed', [2, 9, 10, 6, 3, 0, 0, 0]],
    ['accents and case', 'THE PIÀNO', [2, 7, 8, 3, 0, 0, 0, 0]],
    ['punctuation by itself', 'a,a', [2, 12, 11, 12, 3, 0, 0, 0]],
    ['an unknown word', 'the violin', [2, 7, 1, 3, 0, 0, 0, 0]],
    ['a special token in the text', 'the [SEP] a', [2, 7, 3, 12, 3, 0, 0, 0]],
    ['nothing', '', [2, 3, 0, 0, 0, 0, 0, 0]],
    ['cut, and still closed', 'a a a a a a a a a', [2, 12, 12, 12, 12, 12, 12, 3]],
  ])('%s', async (_, text, ids) => {
    const { input_ids, attention_mask } = await read([text], { tokenizer: wordPiece, maxLength: 8 });
    expect(input_ids).toEqual([ids]);
    const length = ids.lastIndexOf(3) + 1;
    expect(attention_mask).toEqual([ids.map((_, i) => (i < length ? 1 : 0))]);
  });

  test.each([
    ['two texts', ['the', 'a'], [2, 7, 3, 12, 3, 0, 0], [0, 0, 0, 1, 1, 0, 0]],
    ['the longer one is cut first', ['the', 'a a a a a'], [2, 7, 3, 12, 12, 12, 3], [0, 0, 0, 1, 1, 1, 1]],
    ['or the first, where that is longer', ['a a a a a', 'the'], [2, 12, 12, 12, 3, 7, 3], [0, 0, 0, 0, 0, 1, 1]],
    ['both to halves', ['a a a a', 'the the the the'], [2, 12, 12, 3, 7, 7, 3], [0, 0, 0, 0, 1, 1, 1]],
  ] as const)('%s', async (_, text, ids, types) => {
    const result = await read([text], { tokenizer: wordPiece, maxLength: 7, tokenTypes: 'yes' });
    expect(result['input_ids']).toEqual([[...ids]]);
    expect(result['token_type_ids']).toEqual([[...types]]);
  });
});

describe('BPE', () => {
  test.each([
    ['merges in their order, padded on the left', 'lower low', [9, 6, 7, 6]],
    ['cut on the left', 'low er low er low', [7, 6, 7, 6]],
    ['letters that nothing merges, and an unknown one', 'wx', [9, 9, 2, 8]],
  ])('%s', async (_, text, ids) => {
    const { input_ids, attention_mask } = await read([text], { tokenizer: bpe, maxLength: 4 });
    expect(input_ids).toEqual([ids]);
    expect(attention_mask).toEqual([ids.map((id) => (id === 9 ? 0 : 1))]);
  });

  test('two texts follow each other', async () => {
    const result = await read([['low', 'er']], { tokenizer: bpe, maxLength: 3, tokenTypes: 'yes' });
    expect(result).toEqual({ input_ids: [[9, 6, 7]], attention_mask: [[0, 1, 1]], token_type_ids: [[0, 0, 1]] });
  });
});

describe('fromText', () => {
  test('gives each text its row, in the order of the indices, and its label', async () => {
    const data = fromText(['the', 'a'], { tokenizer: wordPiece, maxLength: 3 }, [5, 6]);
    expect(data).toMatchObject({ size: 2, hasLabels: true });
    expect(data.inputs).toEqual({
      input_ids: { shape: [3], dtype: 'int32' },
      attention_mask: { shape: [3], dtype: 'int32' },
    });
    const { inputs, labels } = await data.read(Int32Array.of(1, 0, 1));
    expect(inputs['input_ids']).toEqual({ data: Int32Array.of(2, 12, 3, 2, 7, 3, 2, 12, 3), shape: [3, 3] });
    expect(labels).toEqual(Int32Array.of(6, 5, 6));
  });

  test('stops when its signal aborts', async () => {
    const data = fromText(['the'], { tokenizer: wordPiece });
    await expect(data.read(Int32Array.of(0), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  const model = { type: 'BPE', vocab: {}, merges: [] };
  const unclosed = { type: 'WordPiece', vocab: { b: 0 }, unk_token: '[UNK]' };
  test.each([
    ['no JSON', '{"model"', 'tokenizer.json is not JSON'],
    ['a list', [], 'tokenizer.json was [], not an object'],
    ['nothing', 'null', 'tokenizer.json was null'],
    ['another JSON', { weights: [] }, 'tokenizer.json has no "model", only weights'],
  ])('refuses %s at once', (_, json, sentence) => {
    expect(() => fromText(['a'], { tokenizer: { 'tokenizer.json': json } })).toThrow(
      expect.objectContaining({ code: 'tokenizer-invalid', message: expect.stringContaining(sentence) }),
    );
  });

  test.each([
    ['an unknown model', { model: { type: 'Magic' } }, 'Magic'],
    ['an unknown step', { model, normalizer: { type: 'Reverse' } }, 'Reverse'],
    ['a vocabulary without a token for unknown words', { model: unclosed }, 'its vocabulary has no "[UNK]"'],
    ['a broken model', { model: 7 }, 'The tokenizer cannot be used'],
  ])('refuses %s when it is read, each time', async (_, json, sentence) => {
    const data = fromText(['a'], { tokenizer: { 'tokenizer.json': json } });
    for (let turn = 0; turn < 2; turn++) {
      await expect(data.read(Int32Array.of(0))).rejects.toMatchObject({
        code: 'tokenizer-invalid',
        message: expect.stringContaining(sentence),
      });
    }
  });

  test('refuses a length without room for the tokens that the tokenizer adds', async () => {
    const data = fromText(['a'], { tokenizer: wordPiece, maxLength: 1 });
    await expect(data.read(Int32Array.of(0))).rejects.toMatchObject({
      code: 'invalid-option',
      message: '"maxLength" was 1; this tokenizer adds 2 tokens of its own to every text.',
    });
  });

  test.each([
    ['a length of 0', 'invalid-option', () => fromText([], { tokenizer: bpe, maxLength: 0 })],
    ['an unknown option', 'invalid-option', () => fromText([], { tokenizer: bpe, padding: 'longest' } as TextOptions)],
    ['the wrong number of labels', 'shape-mismatch', () => fromText(['a'], { tokenizer: bpe }, [1, 2])],
  ])('refuses %s', (_, code, make) => expect(make).toThrow(expect.objectContaining({ code })));
});
