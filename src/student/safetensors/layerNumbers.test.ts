import { expect, test } from 'vitest';
import { countedAfresh } from './layerNumbers.ts';

test('layers that tfjs has numbered are counted within the names', () => {
  const names = ['dense_Dense9/kernel', 'dense_Dense9/bias', 'dense_Dense10/kernel', 'conv2d_Conv2D4/kernel'];
  expect(countedAfresh(names)).toEqual([
    'dense_Dense1/kernel',
    'dense_Dense1/bias',
    'dense_Dense2/kernel',
    'conv2d_Conv2D1/kernel',
  ]);
});

test('every class of a student of the zoo is known by its two spellings', () => {
  const names = [
    'multi_head_attention_MultiHeadAttention7/biasKey',
    'depthwise_conv2d_DepthwiseConv2D8/depthwise_kernel',
  ];
  expect(countedAfresh(names)).toEqual(names.map((name) => name.replace(/[78](?=\/)/, '1')));
});

test('names that were chosen stay', () => {
  const names = ['head2/kernel', 'dense_Conv2D7/kernel', 'dense_Dense7', 'Dense7/kernel'];
  expect(countedAfresh(names)).toEqual(names);
});
