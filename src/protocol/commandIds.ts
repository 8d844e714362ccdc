/** Every command of the editor. The manifest contributes the same ones; a test holds both equal. */
export const commandIds = [
  'whence.trace',
  'whence.traceQuery',
  'whence.cancelJob',
  'whence.toggleMarks',
  'whence.showOutput',
] as const;
export type CommandId = (typeof commandIds)[number];
