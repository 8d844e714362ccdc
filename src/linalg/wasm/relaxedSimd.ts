import { type Code, compileFunctions } from './encode';

let known: boolean | undefined;

/**
 * Whether `f64x2.relaxed_madd` and its like are there (https://github.com/WebAssembly/relaxed-simd): a b + c in one
 * instruction, rounded once where the processor fuses. On one machine the answer, and with it every bit, is always the
 * same.
 */
export function hasRelaxedSimd(): boolean {
  known ??= compiles();
  return known;
}

function compiles(): boolean {
  const zero: Code = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
  const body: Code = [...zero, ...zero, ...zero, 0xfd, 0x87, 0x02, 0x1a];
  try {
    compileFunctions([{ name: 'probe', parameters: [], locals: [], body }], 'own');
    return true;
  } catch (error) {
    // Any other error is one of this file.
    if (error instanceof Error && error.name === 'CompileError') return false;
    throw error;
  }
}
