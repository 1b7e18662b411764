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
  const factors = radicesOf(size);
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  const [otherReal, otherImaginary] = [new Float64Array(size), new Float64Array(size)];

  function transform(): void {
    let from: Numbers = { re: real, im: imaginary };
    let to: Numbers = { re: otherReal, im: otherImaginary };
    let stride = 1;
    for (const p of factors) {
      const pass = p === 4 ? passOfFour : passOfAny;
      pass(from, to, { p, stride, size, cosines, sines });
      [from, to] = [to, from];
      stride *= p;
    }
    if (factors.length % 2 === 1) {
      real.set(otherReal);
      imaginary.set(otherImaginary);
    }
  }

  return { real, imaginary, transform };
}

interface Numbers {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** One factor p: `stride` transforms of length size / stride become p times as many, each p times shorter. */
interface Pass {
  readonly p: number;
  readonly stride: number;
  readonly size: number;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

function passOfAny(from: Numbers, to: Numbers, { p, stride, size, cosines, sines }: Pass): void {
  const shorter = size / stride / p;
  to.re.fill(0);
  to.im.fill(0);
  for (let j = 0; j < shorter; j++) {
    for (let r = 0; r < p; r++) {
      const target = stride * (p * j + r);
      const step = (r * size) / p;
      let turn = j * r * stride;
      for (let k = 0; k < p; k++) {
        const wr = cosines[turn % size] as number;
        const wi = sines[turn % size] as number;
        turn += step;
        const source = stride * (j + shorter * k);
        for (let q = 0; q < stride; q++) {
          const xr = from.re[source + q] as number;
          const xi = from.im[source + q] as number;
          to.re[target + q] = (to.re[target + q] as number) + xr * wr - xi * wi;
          to.im[target + q] = (to.im[target + q] as number) + xr * wi + xi * wr;
        }
      }
    }
  }
}

/** The same for p = 4, whose own turns only swap and negate, so that three products are left of sixteen. */
function passOfFour(from: Numbers, to: Numbers, { stride, size, cosines, sines }: Pass): void {
  const quarter = size / 4;
  const { re, im } = from;
  const { re: toRe, im: toIm } = to;
  // Plain constants, since an engine does not always see through a list that is taken apart at once.
  for (let j = 0; j < quarter; j += stride) {
    const c1 = cosines[j] as number;
    const s1 = sines[j] as number;
    const c2 = cosines[2 * j] as number;
    const s2 = sines[2 * j] as number;
    const c3 = cosines[3 * j] as number;
    const s3 = sines[3 * j] as number;
    for (let q = 0; q < stride; q++) {
      const at = j + q;
      const a = re[at] as number;
      const ai = im[at] as number;
      const b = re[at + quarter] as number;
      const bi = im[at + quarter] as number;
      const c = re[at + 2 * quarter] as number;
      const ci = im[at + 2 * quarter] as number;
      const d = re[at + 3 * quarter] as number;
      const di = im[at + 3 * quarter] as number;
      // Sums of the even and of the odd ones, and their differences, of which the odd one is turned by a quarter.
      const x = a - c;
      const xi = ai - ci;
      const y = bi - di;
      const yi = d - b;
      const z = a + c - b - d;
      const zi = ai + ci - bi - di;
      const target = 4 * j + q;
      toRe[target] = a + c + b + d;
      toIm[target] = ai + ci + bi + di;
      toRe[target + stride] = (x + y) * c1 - (xi + yi) * s1;
      toIm[target + stride] = (x + y) * s1 + (xi + yi) * c1;
      toRe[target + 2 * stride] = z * c2 - zi * s2;
      toIm[target + 2 * stride] = z * s2 + zi * c2;
      toRe[target + 3 * stride] = (x - y) * c3 - (xi - yi) * s3;
      toIm[target + 3 * stride] = (x - y) * s3 + (xi - yi) * c3;
    }
  }
}

/** Prime factors, but fours for pairs of twos. Large ones first: a pass's inner loop is as long as the product of those before it. */
function radicesOf(size: number): number[] {
  const factors: number[] = [];
  let rest = size;
  for (; rest % 4 === 0; rest /= 4) factors.push(4);
  for (let p = 2; rest > 1; p++) {
    for (; rest % p === 0; rest /= p) factors.push(p);
  }
  return factors.sort((a, b) => b - a);
}
