import { expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { makeFft } from './fft.ts';

/** The definition, number by number. */
function slowTransform(real: Float64Array, imaginary: Float64Array): [number, number][] {
  const size = real.length;
  return Array.from({ length: size }, (_, k) => {
    let [sumReal, sumImaginary] = [0, 0];
    for (let i = 0; i < size; i++) {
      const angle = (-2 * Math.PI * ((i * k) % size)) / size;
      const [re, im] = [real[i] as number, imaginary[i] as number];
      sumReal += re * Math.cos(angle) - im * Math.sin(angle);
      sumImaginary += re * Math.sin(angle) + im * Math.cos(angle);
    }
    return [sumReal, sumImaginary];
  });
}

// Powers of two, mixed factors, primes, and 1.
test.each([1, 2, 3, 4, 8, 12, 16, 17, 30, 64, 105, 400, 512])('%i numbers: the transform is its definition', (size) => {
  const random = seededRandom(size);
  const fft = makeFft(size);
  // Twice, so that nothing of the first stays behind.
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < size; i++) {
      fft.real[i] = random() - 0.5;
      fft.imaginary[i] = random() - 0.5;
    }
    const expected = slowTransform(fft.real, fft.imaginary);
    fft.transform();
    for (const [k, [real, imaginary]] of expected.entries()) {
      expect(Math.abs((fft.real[k] as number) - real)).toBeLessThan(1e-11);
      expect(Math.abs((fft.imaginary[k] as number) - imaginary)).toBeLessThan(1e-11);
    }
  }
});
