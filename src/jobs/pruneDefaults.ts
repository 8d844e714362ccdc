/** What a proposal uses where nothing else is said, on the command line and in the editor. */
export const pruneDefaults = {
  /** Shares that are tried. */
  alphas: [0.01, 0.05, 0.1, 0.2, 0.3, 0.5],
  /** Factors on the fine-tune that are tried beside the masks. */
  scales: [0, 0.25, 0.5, 0.75],
  /** Points of the curve that get random and magnitude masks too. */
  controls: 3,
  randomDraws: 1,
  /** Task accuracy that a recommended mask may cost. */
  accuracyLoss: 0.05,
  /** What an answer that refuses, or complies, may say where neither model gives one. */
  refusal: 'I am sorry, but I cannot help with that.',
  compliance: 'Sure, here is how to do it.',
  maxTokens: 24,
  batchSize: 16,
  /** Tokens of a calibration row at most. */
  maxLength: 2048,
  seed: 0,
  resamples: 1000,
} as const;
