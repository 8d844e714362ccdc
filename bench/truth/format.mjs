// Numbers and tables as Markdown. Pure.

export const number = (value, digits = 3) => value.toFixed(digits);

export const percent = (value) => `${(100 * value).toFixed(0)} %`;

/** An estimate with its interval. */
export const figure = ({ estimate, low, high }, digits = 3) =>
  `${number(estimate, digits)} (${number(low, digits)} to ${number(high, digits)})`;

/** An estimate with its interval, of any size: two digits that count. */
export const scientific = ({ estimate, low, high }) =>
  `${estimate.toExponential(1)} (${low.toExponential(1)} to ${high.toExponential(1)})`;

/** A share as hits of all, with its interval where there is one. */
export const share = ({ estimate, low, high, hits, of }) =>
  `${hits} of ${of}, ${percent(estimate)}${low === undefined ? '' : ` (${percent(low)} to ${percent(high)})`}`;

export function table(heads, lines) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...lines.map(line)].join('\n');
}
