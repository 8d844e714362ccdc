/** Behaviour tests: what is asked of an engine, and what comes back. Plain data; the other side is `engine/jobs/test`. */
import type { JsonObject } from './json';
import type { ComputeSettings, ModelIdentity, ModelSource, Warning } from './requests';

/** What an answer must be like; every condition that is given must hold. */
export interface Expectation {
  /** The whole answer, white space at both ends aside. */
  readonly equals: string | undefined;
  /** All of them, as they are written. */
  readonly contains: readonly string[];
  /** None of them. */
  readonly notContains: readonly string[];
  /** Source of a regular expression (flag u) that must match somewhere. It compiles; matching it needs a time limit. */
  readonly matches: string | undefined;
  /** Whether the answer must, or must not, open like a refusal. */
  readonly refuses: boolean | undefined;
  /** The first must be likelier than the second. */
  readonly prefers: { readonly chosen: string; readonly rejected: string } | undefined;
}

/** A turn of a test's conversation. */
export interface BehaviourTurn {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Passed to the chat template as it is. */
  readonly extra: JsonObject;
}

/** One behaviour test. */
export interface BehaviourCase {
  readonly id: string;
  readonly address: {
    readonly file: string;
    /** 0-based. */
    readonly row: number;
    /** 1-based; undefined for binary containers and tests given as flags. */
    readonly line: number | undefined;
  };
  readonly prompt: string | readonly BehaviourTurn[];
  readonly expect: Expectation;
  readonly tags: readonly string[];
}

/** How tests are asked. */
export interface BehaviourSettings {
  /** `chat`: a text prompt becomes a user turn where the model has a template. `raw`: the text is continued as it is. */
  readonly template: 'chat' | 'raw';
  /** New tokens of an answer at most. */
  readonly maxTokens: number;
  /** Prompts that are answered together. */
  readonly batchSize: number;
}

export interface TestRequest extends BehaviourSettings {
  readonly kind: 'test';
  readonly compute: ComputeSettings;
  /** The first is what the others are compared with. Labels differ. */
  readonly models: readonly ModelSource[];
  /** Ids differ. */
  readonly tests: readonly BehaviourCase[];
}

/** How one test went with one model. */
export interface BehaviourVerdict {
  readonly passed: boolean;
  /** null where the test compares likelihoods only. */
  readonly answer: string | null;
  /** `length`: the answer was cut at `maxTokens`. */
  readonly finish: 'stop' | 'length' | null;
  /** log p(chosen) - log p(rejected), nats, for a test that prefers; else null. */
  readonly margin: number | null;
  /** What held, or what did not. */
  readonly reason: string;
}

export interface TestedBehaviour {
  readonly id: string;
  readonly file: string;
  readonly row: number;
  readonly line: number | null;
  readonly tags: readonly string[];
  /** What was asked, for display: the text, or the last turn. */
  readonly prompt: string;
  /** The conditions that are given. */
  readonly expect: Partial<Expectation>;
  /** One of each model, in the order of the models. */
  readonly results: readonly (BehaviourVerdict & { readonly model: string })[];
}

/** How many tests of one tag one model passes. */
export interface PassRate {
  /** null: all tests. */
  readonly tag: string | null;
  readonly model: string;
  readonly tests: number;
  readonly passed: number;
  /** passed / tests. */
  readonly rate: number;
  /** Wilson's score interval of the rate, 95 %. */
  readonly interval: readonly [number, number];
}

/** What changed from the first model to another; ids of tests. */
export interface BehaviourComparison {
  readonly from: string;
  readonly to: string;
  /** Passed before, fail now. */
  readonly regressed: readonly string[];
  /** Failed before, pass now. */
  readonly fixed: readonly string[];
}

export interface TestResult {
  readonly models: readonly ModelIdentity[];
  readonly tests: readonly TestedBehaviour[];
  /** All tests first, then tag by tag; the models of each in their order. */
  readonly summary: readonly PassRate[];
  /** The first model against each of the others; empty with one model. */
  readonly comparisons: readonly BehaviourComparison[];
  readonly warnings: readonly Warning[];
}
