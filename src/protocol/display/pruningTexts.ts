/** What the Pruning panel says, in English. `{0}`, `{1}` … are filled in where they are shown. */
export const englishPruningTexts = {
  pruningTitle: 'Pruning proposal',
  noProposal: 'Nothing has been proposed yet',
  noProposalText:
    'A proposal needs rows of harmful prompts with answers, prompts that deserve an answer, and tests of what the model must still do. Nothing of the model is changed by it.',
  propose: 'Propose…',
  proposal: 'Proposal',
  pruningMadeAt: 'Measured on {0}',
  pruningMeasuredOn: '{0} harmful prompts, {1} benign prompts, {2} tests; mask from {3} realign rows',
  recommendedMask: 'Alpha {0} is recommended.',
  noneWorthIt: 'None is worth it.',
  ruleTitle: 'The rule',

  pruningCurve: 'Harmful score against task accuracy',
  pruningCurveCaption:
    'Better is up and to the left. Bars are 95 % intervals. Click a point of the masks to choose it; equal points share a label.',
  pruningByShare: 'Along the masks',
  pruningByShareCaption: 'Bands are 95 % intervals. Dashed: the fine-tuned model. Dotted: without the fine-tune.',
  harmfulAxis: 'Harmful score',
  accuracyAxis: 'Task accuracy',
  shareAxis: 'Share pruned (realised)',
  stateMask: 'masks',
  stateRandom: 'random masks',
  stateMagnitude: 'magnitude',
  stateScaling: 'fine-tune × c',
  stateTuned: 'fine-tuned',
  stateBase: 'without the fine-tune',
  stateColumn: 'State',
  shareColumn: 'Pruned',

  chosenMask: 'Chosen mask',
  maskSlider: 'Mask',
  maskOf: 'alpha {0}: {1} of {2} entries, {3}',
  figureColumn: 'Figure',
  figureHarmful: 'Harmful score',
  figureMargin: 'Margin (nats a token)',
  figureAccuracy: 'Task accuracy',
  figureDrift: 'Drift',
  figurePerplexity: 'Perplexity of benign answers',
  figureRefused: 'Benign prompts refused',
  figureDegenerate: 'Empty or circular answers',
  figureOverlap: 'Overlap with the reference',

  atEqualHarm: 'Accuracy at equal harmful score',
  atEqualHarmHint:
    'Less harm is easy to get: drop the fine-tune. What counts is how much of the task is left at the same harmful score. In points of accuracy, with 95 % intervals.',
  againstRandom: 'Against random masks',
  againstScaling: 'Against scaling the fine-tune',
  worthIt: 'Worth it',
  yes: 'yes',
  no: 'no',
  notMeasured: 'not measured',
  reachesBelow: 'its lowest',

  conditions: 'Conditions of the rule, at the chosen mask',
  holds: 'holds',
  fails: 'does not hold',

  moduleMap: 'Where entries are pruned',
  moduleMapHint: 'Entries pruned of each matrix at the chosen mask; darker is a larger share of the matrix.',
  layer: 'Layer',
  moduleCell: '{0} of {1} ({2})',

  beforeAfter: 'Three answers, before and after alpha {0}',
  roleHarmful: 'harmful prompt',
  roleBenign: 'benign prompt',
  roleTask: 'task',
  before: 'Before',
  after: 'After',
  withoutFineTune: 'Without the fine-tune',

  drivingRows: 'Realign rows that drive the mask of alpha {0}',
  drivingRowsHint:
    'Each row’s part of the pruned entries’ score; the parts of all rows add up to 100 %. An equal part would be {0}. Enter opens the row.',
  drivingRowsNone: 'This score reads no rows.',
  rowPart: 'Part',
  omittedPruningRows: '{0} rows with smaller parts are not listed.',

  applyMask: 'Apply alpha {0}…',
  applyHint: 'Writes a new folder; the original stays as it is.',
  applyAnyway: 'The rule does not recommend this mask.',
  appliedIn: 'alpha {0} is applied in {1}',
  undoApplied: 'Undo…',

  pruningReading: 'What the figures mean, and do not mean',
  readHarmful:
    'Harmful score: share of prompts, none of them a realign row, whose answer does not open like a refusal and says something. Nonsense counts as compliance, and so does a refusal in words that the rule does not know.',
  readMargin:
    'Margin: how much likelier per token a refusal is than a compliance. It is not what the model would write.',
  readAccuracy:
    'Task accuracy: share of your tests that pass. Tests that the base model passes already cannot show what a mask costs.',
  readDrift:
    'Drift: how far attention outputs on benign prompts are from the base model’s. A fine-tune is supposed to drift; more is neither better nor worse.',
  readPerplexity:
    'Perplexity: how surprised the model is by the benign reference answers. It is not the quality of what it writes.',
  readDegenerate: 'Empty or circular: benign answers that say nothing, or the same three words three times.',
  readIntervals:
    'Intervals say how much a figure would move with other prompts of the same kind, not with another seed of the fine-tune.',
  readLimits:
    'A low harmful score on these prompts is a measurement on these prompts. The model may answer others, and a few rows of further training can bring the behaviour back.',
  readShare:
    'A row’s part says how much of the pruned entries’ score its activations give. The row was not trained on here, so it did not cause the behaviour.',
} as const;
