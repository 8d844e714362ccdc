import { existsSync } from 'node:fs';
import path from 'node:path';
import { clipFactor } from '../../training/clipGradients';
import type { StepComputer } from '../../training/computeStep';
import { createOptimizer } from '../../training/optimizer';
import type { PlannedStep } from '../../training/planSteps';
import {
  checkpointsFolderName,
  hashValues,
  readCheckpoint,
  type StateIdentity,
} from '../../training/record/checkpoints';
import type { RecordedRun } from '../../training/replayRun';
import { initialState, runSteps, type TrainingState } from '../../training/runSteps';
import { countElements, type ParameterValues } from '../../training/trainable';

/** A step as it was, with everything that its derivative depends on. */
export interface KeptStep {
  readonly step: PlannedStep;
  /** Before the step. */
  readonly values: ParameterValues;
  /** Unclipped. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly norm: number;
  readonly gradientScale: number;
  /** The optimiser's state after the step. */
  readonly stateAfter: ReadonlyMap<string, readonly Float32Array[]>;
}

/** Sessions of the replay and of the walk; released in turn where both would be too many. */
export interface WalkSessions {
  readonly replay: StepComputer;
  readonly beforeReplay: () => Promise<void>;
  readonly beforeWalk: () => Promise<void>;
}

export interface Walk {
  /** `same` where every loss, gradient norm and the values at the end equal the recorded ones, bit for bit. */
  readonly bits: 'same' | 'different';
  /** Steps computed forwards, those that were computed more than once counted again. */
  readonly replayedSteps: number;
  /** The replay's values after the last step. */
  readonly finalValues: ParameterValues;
}

/** Bytes of one kept step: values, gradients and state. */
export function keptStepBytes({ trainable, record }: Pick<RecordedRun, 'trainable' | 'record'>): number {
  const { stateNames } = createOptimizer(record.recipe.optimizer);
  return 4 * countElements(trainable) * (2 + stateNames.length);
}

function copyState(state: TrainingState): TrainingState {
  return {
    step: state.step,
    values: new Map([...state.values].map(([name, data]) => [name, data.slice()])),
    moments: new Map([...state.moments].map(([name, arrays]) => [name, arrays.map((data) => data.slice())])),
    losses: [...state.losses],
    gradientNorms: [...state.gradientNorms],
  };
}

/**
 * Shows every step of a recorded run, the last one first. Stretches of the run are replayed forwards in memory from
 * where its state is known: its start and its checkpoints. Where a stretch does not fit, its middle is computed and
 * held, and each half is walked by itself.
 *
 * @param memoryBudgetBytes what kept steps may take; at least one is kept
 */
export async function walkTrajectory(
  run: RecordedRun,
  sessions: WalkSessions,
  memoryBudgetBytes: number,
  visit: (step: KeptStep) => Promise<void>,
): Promise<Walk> {
  const { record, rows, steps, trainable } = run;
  const { recipe } = record;
  const { stateNames } = createOptimizer(recipe.optimizer);
  const checkpointsFolder = path.join(run.folder, checkpointsFolderName);
  const capacity = Math.max(1, Math.floor(memoryBudgetBytes / keptStepBytes(run)));
  let bits: Walk['bits'] = 'same';
  let replayedSteps = 0;
  let finalValues = run.values;

  const start = (): TrainingState => copyState(initialState(run.values, recipe.optimizer));

  const knownState = async (identity: StateIdentity | undefined): Promise<TrainingState> => {
    const state = start();
    if (identity !== undefined) await readCheckpoint(checkpointsFolder, identity, state, stateNames);
    return state;
  };

  /** Changes `state`; the steps done, oldest first, with what they leave where they are kept. */
  const replay = async (state: TrainingState, to: number, keep: 'kept' | 'passed'): Promise<KeptStep[]> => {
    await sessions.beforeReplay();
    const kept: KeptStep[] = [];
    let before: Pick<KeptStep, 'values' | 'gradients'> | undefined;
    const computer: Pick<StepComputer, 'compute'> = {
      compute: async (step, values) => {
        const held = keep === 'kept' ? copyValues(values) : values;
        const result = await sessions.replay.compute(step, values);
        before = { values: held, gradients: result.gradients };
        return result;
      },
    };
    await runSteps({ rows, recipe }, computer, steps.slice(0, to), state, async () => {
      replayedSteps += 1;
      const index = state.step - 1;
      const norm = state.gradientNorms.at(-1)!;
      const recorded = record.steps[index]!;
      if (recorded.loss !== state.losses.at(-1) || recorded.gradNorm !== norm) bits = 'different';
      if (keep === 'passed') return;
      kept.push({
        ...before!,
        step: steps[index]!,
        norm,
        gradientScale: clipFactor(norm, recipe.gradClip),
        stateAfter: new Map([...state.moments].map(([name, arrays]) => [name, arrays.map((data) => data.slice())])),
      });
    });
    if (to === steps.length) {
      finalValues = state.values;
      if (hashValues(finalValues, trainable) !== record.finalValues) bits = 'different';
    }
    return kept;
  };

  /** Consumes `state`. */
  const walk = async (state: TrainingState, to: number): Promise<void> => {
    const count = to - state.step;
    if (count > capacity) {
      const from = copyState(state);
      const middle = state.step + Math.ceil(count / 2);
      await replay(state, middle, 'passed');
      await walk(state, to);
      return walk(from, middle);
    }
    const kept = await replay(state, to, 'kept');
    await sessions.beforeWalk();
    // Popped, so that each step's arrays are free once it was shown.
    for (let step = kept.pop(); step !== undefined; step = kept.pop()) await visit(step);
  };

  const checkpoints = record.checkpoints.filter(({ file }) => existsSync(path.join(checkpointsFolder, file)));
  for (let to = steps.length; to > 0; ) {
    const before = checkpoints.filter(({ step }) => step < to).toSorted((a, b) => a.step - b.step);
    // The earliest from which all fits, the start being step 0; else the nearest.
    const fitting = to <= capacity ? undefined : (before.find(({ step }) => to - step <= capacity) ?? before.at(-1));
    const state = await knownState(fitting);
    const from = state.step;
    await walk(state, to);
    to = from;
  }
  return { bits, replayedSteps, finalValues };
}

function copyValues(values: ParameterValues): ParameterValues {
  return new Map([...values].map(([name, data]) => [name, data.slice()]));
}
