import type { JobKind, Jobs } from '../protocol/jobs';
import type { JobContext } from './jobContext';

/** What the engine does for one kind of request. */
export interface Job<Request, Result> {
  /**
   * Holds the request, which is any plain data within the bounds of a message, to its type.
   *
   * @throws UserError of kind `badInput`
   */
  check(request: unknown): Request;
  run(request: Request, context: JobContext): Promise<Result>;
}

/** Loads a handler when it is first needed, so that a job pays for its own code only. */
export type JobLoader<Request, Result> = () => Promise<Job<Request, Result>>;

export type JobTable = { readonly [K in JobKind]: JobLoader<Jobs[K]['request'], Jobs[K]['result']> };

/** Every job: a line here and a file in `jobs/`. */
export const jobTable: JobTable = {
  doctor: async () => (await import('./jobs/doctor')).doctor,
  inspectModel: async () => (await import('./jobs/inspectModel')).inspectModel,
  inspectData: async () => (await import('./jobs/inspectData')).inspectData,
  modelNeeds: async () => (await import('./jobs/modelNeeds')).modelNeeds,
  ask: async () => (await import('./jobs/ask')).ask,
  score: async () => (await import('./jobs/score')).score,
  test: async () => (await import('./jobs/test')).test,
  index: async () => (await import('./jobs/index')).index,
  trace: async () => (await import('./jobs/trace')).trace,
  probe: async () => (await import('./jobs/probe')).probe,
  train: async () => (await import('./jobs/train')).train,
  verify: async () => (await import('./jobs/verify')).verify,
  evaluate: async () => (await import('./jobs/evaluate')).evaluate,
  prunePropose: async () => (await import('./jobs/prunePropose')).prunePropose,
  pruneApply: async () => (await import('./jobs/pruneApply')).pruneApply,
};
