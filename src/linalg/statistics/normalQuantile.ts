import { internalError } from '../../protocol/errors';

/**
 * The value below which a standard normal variable lies with probability `share`, to 1e-9 relative (Acklam's rational
 * approximation: https://web.archive.org/web/2015/http://home.online.no/~pjacklam/notes/invnorm/).
 *
 * @param share in (0, 1)
 */
export function normalQuantile(share: number): number {
  if (!(share > 0 && share < 1)) throw internalError(`normal quantile ${share} is not in (0, 1)`);
  const edge = 0.02425;
  if (share < edge) return tail(Math.sqrt(-2 * Math.log(share)));
  if (share > 1 - edge) return -tail(Math.sqrt(-2 * Math.log1p(-share)));
  const q = share - 0.5;
  const r = q * q;
  const numerator = polynomial(
    [
      -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
      2.506628277459239,
    ],
    r,
  );
  const denominator = polynomial(
    [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1],
    r,
  );
  return (numerator * q) / denominator;
}

function tail(q: number): number {
  const numerator = polynomial(
    [
      -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
      2.938163982698783,
    ],
    q,
  );
  return (
    numerator / polynomial([7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1], q)
  );
}

/** Horner's rule, highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
