// The standard normal distribution, exact to about 14 figures also far out in its tails, where corrected tests look. Own code: lib-r-math.js,
// the one library for Node that has such tails, carries all of R's distributions, and its rank test's knows no ties.

/** P(Z > z). */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  return z < 2.5 ? 0.5 - series(z) : continued(z);
}

/** The z with P(Z > z) = p, for 0 < p < 1: bisection, as it is asked a few times a table. */
export function normalQuantile(p: number): number {
  let low = -38;
  let high = 38;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

// P(0 < Z < z) = density(z) (z + z^3/3 + z^5/(3*5) + ...): Marsaglia 2004, Evaluating the Normal Distribution, section 2.
function series(z: number): number {
  let term = z;
  let sum = z;
  for (let i = 3; term > sum * 1e-17; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return sum * density(z);
}

// P(Z > z) = density(z) / (z + 1/(z + 2/(z + 3/(z + ...)))): Abramowitz and Stegun 26.2.14.
function continued(z: number): number {
  let below = z;
  for (let i = 120; i > 0; i--) below = z + i / below;
  return density(z) / below;
}
