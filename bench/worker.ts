/** Whence's side of one stage: a process of its own, so that its peak memory is its own. */
import type { StageName, StageTask } from './protocol';
import { type PreparedStage, serve } from './serve';
import { prepareForward } from './stages/prepareForward';
import { prepareForwardBackward } from './stages/prepareForwardBackward';
import { prepareGenerate } from './stages/prepareGenerate';
import { prepareProjectedGradients } from './stages/prepareProjectedGradients';
import { prepareFullStep, prepareLoraStep } from './stages/prepareTrainingStep';

const stages: { readonly [Stage in StageName]: (task: StageTask) => Promise<PreparedStage> } = {
  forward: prepareForward,
  forwardBackward: prepareForwardBackward,
  projectedGradients: prepareProjectedGradients,
  loraStep: prepareLoraStep,
  fullStep: prepareFullStep,
  generate: prepareGenerate,
};

await serve((task: StageTask) => stages[task.stage](task));
