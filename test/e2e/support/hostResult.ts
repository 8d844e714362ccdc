/** What a suite in the extension host says of itself, as JSON in the file named by `WHENCE_E2E_RESULT`. */
export interface HostResult {
  readonly tests: readonly HostTest[];
  /** Stack of what went wrong outside a test: the suite could not be loaded. */
  readonly error?: string;
}

export interface HostTest {
  /** Titles of the suites around it, and its own. */
  readonly title: readonly string[];
  readonly state: 'passed' | 'failed' | 'pending';
  /** Milliseconds. */
  readonly duration: number;
  /** Message and stack of a failed one. */
  readonly error?: string;
}

/** Names of the variables that tell the module in the extension host what to run. */
export const hostVariables = { suite: 'WHENCE_E2E_SUITE', result: 'WHENCE_E2E_RESULT' } as const;
