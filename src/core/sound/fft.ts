/** A discrete Fourier transform of one length, in place on its own numbers. */
export interface Fft {
  /** The numbers to transform; after `transform`, their spectrum. */
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
  transform(): void;
}

/**
 * The transform for `size` numbers: mixed radix, so 400 is as good a length as 512. A prime factor p costs p per number.
 * Source    Stockham's autosort form: Van Loan 1992, Computational Frameworks for the FFT, §1.7
 */
export function makeFft(size: number): Fft {
  const cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const sines = Float64Array.from({ length: size }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
  const factors = primeFactors(size);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  const otherReal = new Float64Array(size);
  const otherImaginary = new Float64Array(size);

  /** One factor: `stride` transforms of length size / stride become p times as many, each p times shorter. */
  function pass(p: number, stride: number, length: number): void {
    const shorter = length / p;
    otherReal.fill(0);
    otherImaginary.fill(0);
    for (let j = 0; j < shorter; j++) {
      for (let r = 0; r < p; r++) {
        const to = stride * (p * j + r);
        const step = (r * size) / p;
        let turn = j * r * stride;
        for (let k = 0; k < p; k++) {
          const wr = cosines[turn % size] as number;
          const wi = sines[turn % size] as number;
          turn += step;
          const from = stride * (j + shorter * k);
          for (let q = 0; q < stride; q++) {
            const xr = real[from + q] as number;
            const xi = imaginary[from + q] as number;
            otherReal[to + q] = (otherReal[to + q] as number) + xr * wr - xi * wi;
            otherImaginary[to + q] = (otherImaginary[to + q] as number) + xr * wi + xi * wr;
          }
        }
      }
    }
    real.set(otherReal);
    imaginary.set(otherImaginary);
  }

  function transform(): void {
    let stride = 1;
    for (const p of factors) {
      pass(p, stride, size / stride);
      stride *= p;
    }
  }

  return { real, imaginary, transform };
}

/** Large ones first: the inner loop of a pass is as long as the product of those before it. */
function primeFactors(size: number): number[] {
  const factors: number[] = [];
  let rest = size;
  for (let p = 2; rest > 1; p++) {
    for (; rest % p === 0; rest /= p) factors.push(p);
  }
  return factors.reverse();
}
