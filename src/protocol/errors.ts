/**
 * Errors a user can act on. Every one names what is wrong and what to do next; the process that meets it prints
 * `message` and `next`, or one JSON document with `code`, `message` and `next`.
 */

/** Exit codes of the command line. */
export const exitCodes = {
  done: 0,
  checkFailed: 1,
  badInput: 2,
  engineFailed: 3,
  cancelled: 130,
} as const;

/** Who is at fault: the input (exit code 2), the engine (3) or a check the user asked for (1). */
export type ErrorKind = 'badInput' | 'engineFailed' | 'checkFailed' | 'cancelled';

/** The part of an error that crosses process borders. */
export interface UserErrorData {
  readonly kind: ErrorKind;
  /** Stable, kebab-case, for scripts: `safetensors-truncated`. */
  readonly code: string;
  /** One sentence that names the file (and line, where there is one). */
  readonly message: string;
  /** What to do next, one sentence in the imperative. */
  readonly next: string;
}

/** An error whose text is meant for the user. Anything else that is thrown is a fault of Whence itself. */
export class UserError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly next: string;

  constructor(data: UserErrorData, options?: ErrorOptions) {
    super(clipped(data.message), options);
    this.name = 'UserError';
    this.kind = data.kind;
    this.code = data.code;
    this.next = clipped(data.next);
  }

  toData(): UserErrorData {
    return { kind: this.kind, code: this.code, message: this.message, next: this.next };
  }
}

/** Characters of a message: what a hostile file has in it is quoted, but not by the megabyte. */
const longestText = 1500;

function clipped(text: string): string {
  const half = longestText / 2;
  return text.length <= longestText ? text : `${text.slice(0, half)} […] ${text.slice(-half)}`;
}

/** Bad input: exit code 2. */
export function inputError(code: string, message: string, next: string, options?: ErrorOptions): UserError {
  return new UserError({ kind: 'badInput', code, message, next }, options);
}

/** A broken assumption of our own code. */
export function internalError(message: string): Error {
  return new Error(`internal: ${message}`);
}
