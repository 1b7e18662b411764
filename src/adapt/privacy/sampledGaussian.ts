import { logErfc } from './logErfc.ts';

/**
 * What one step reveals at most, as a Rényi divergence: each example is taken independently with probability q, and the sum
 * of their contributions, each of length 1 at most, gets Gaussian noise of standard deviation σ. Neighbours are datasets
 * that differ by one example.
 * Units     sampleFraction q in (0, 1] and order α > 1 without unit; noiseMultiplier σ in lengths of the longest gradient;
 *           nats out
 * Numerics  whole orders to about 1e-12 of the result; others to about 1e-15 / (α − 1)
 * Throws    nothing: the arguments are checked before
 * Source    Mironov, Talwar, Zhang 2019, §3.3, arXiv:1908.10530; both directions: Theorem 5 there
 * Differs   whole orders leave out the 1 that a divergence of zero has, which keeps small results exact; the alternating
 *           rest of a fractional order is summed as Cohen, Rodriguez Villegas and Zagier 2000, Algorithm 1, do
 */
export function sampledGaussianDivergence(sampleFraction: number, noiseMultiplier: number, order: number): number {
  if (sampleFraction === 1) return order / (2 * noiseMultiplier * noiseMultiplier);
  const logMoment = Number.isInteger(order)
    ? logMomentOfWhole(sampleFraction, noiseMultiplier, order)
    : logMomentOfFraction(sampleFraction, noiseMultiplier, order);
  return Math.max(0, logMoment) / (order - 1);
}

/** log E[((1 − q) + q r)^α] for a whole α: the binomial weights add up to 1, and r^k has the mean e^((k² − k) / 2σ²). */
function logMomentOfWhole(q: number, sigma: number, order: number): number {
  const terms: number[] = [];
  let logBinomial = Math.log(order);
  for (let k = 2; k <= order; k++) {
    logBinomial += Math.log(order - k + 1) - Math.log(k);
    const logWeight = logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q);
    terms.push(logWeight + logExpm1((k * k - k) / (2 * sigma * sigma)));
  }
  return log1pExp(logSum(terms));
}

/**
 * The same for any α, in two halves: below z₀ the smaller summand is q r, above it 1 − q, and the binomial series in
 * the quotient converges. Its coefficients are positive up to α's whole part and one more, then they alternate.
 */
function logMomentOfFraction(q: number, sigma: number, order: number): number {
  const border = sigma * sigma * (Math.log1p(-q) - Math.log(q)) + 0.5;
  const width = Math.SQRT2 * sigma;
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  const whole = Math.floor(order) + 1;
  const [below, above]: [number[], number[]] = [[], []];
  let logCoefficient = 0;
  for (let k = 0; k < whole + ALTERNATING_TERMS; k++) {
    if (k > 0) logCoefficient += Math.log(Math.abs(order - k + 1)) - Math.log(k);
    const rest = order - k;
    const growth = (power: number) => (power * power - power) / (2 * sigma * sigma) - Math.LN2;
    below.push(logCoefficient + k * logQ + rest * logRest + growth(k) + logErfc((k - border) / width));
    above.push(logCoefficient + rest * logQ + k * logRest + growth(rest) + logErfc((border - rest) / width));
  }
  const halves = [below, above].flatMap((terms) => [
    logSum(terms.slice(0, whole)),
    logAlternatingSum(terms.slice(whole)),
  ]);
  return logSum(halves);
}

/** The error falls by 5.8 with each term, below double precision. */
const ALTERNATING_TERMS = 24;

/**
 * log of a₀ − a₁ + a₂ − …, from the logarithms of the first terms. The terms are moments of a positive measure on
 * [0, 1], for which the method is proven.
 */
function logAlternatingSum(logTerms: readonly number[]): number {
  const first = logTerms[0] ?? Number.NEGATIVE_INFINITY;
  if (first === Number.NEGATIVE_INFINITY) return first;
  const n = logTerms.length;
  const power = (3 + Math.sqrt(8)) ** n;
  const scale = (power + 1 / power) / 2;
  let [b, c, sum] = [-1, -scale, 0];
  for (const [k, logTerm] of logTerms.entries()) {
    c = b - c;
    sum += c * Math.exp(logTerm - first);
    b *= ((k + n) * (k - n)) / ((k + 0.5) * (k + 1));
  }
  return first + Math.log(sum / scale);
}

function logSum(logTerms: readonly number[]): number {
  const largest = logTerms.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log(logTerms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** log(e^x − 1) for x > 0. */
function logExpm1(x: number): number {
  return x > 1 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));
}

/** log(1 + e^x). */
function log1pExp(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
