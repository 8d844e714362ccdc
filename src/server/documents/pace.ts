import type { CancellationToken } from 'vscode-languageserver/node';

/** What long work asks between two pieces of it. */
export interface Pace {
  /** Whether the slice is used up: asked often, so it costs nothing. */
  readonly isDue: boolean;
  /** Lets waiting messages through when the slice is used up; false: the work is no longer wanted. */
  next(): Promise<boolean>;
}

/** Milliseconds of work at a stretch: short enough that a hover or a keystroke never waits for long. */
const slice = 6;

/** Cuts background work into slices between which the process answers. */
export function createPace(token: CancellationToken): Pace {
  let began = performance.now();
  return {
    get isDue(): boolean {
      return token.isCancellationRequested || performance.now() - began >= slice;
    },
    async next(): Promise<boolean> {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      began = performance.now();
      return !token.isCancellationRequested;
    },
  };
}
