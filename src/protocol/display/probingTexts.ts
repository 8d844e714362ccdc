/** What the Probing panel says, in English. `{0}`, `{1}` … are filled in where they are shown. */
export const englishProbingTexts = {
  noProbe: 'Nothing has been probed yet',
  noProbeText:
    'A probe asks what can be read in the model about each row: its label, its answer before it is said, or which of two sets of rows it is like.',
  newProbe: 'Probe…',
  probe: 'Probe',
  chooseProbe: 'Choose a probe…',
  probeOf: 'What can be read: {0}',
  directionOf: 'Direction between two sets of rows',
  hideMarks: 'Hide beside the rows',

  // What came of it
  probeReads: 'The model’s states tell it.',
  probeReadsText:
    'Layer {0} of {1} reads it in {2} of rows that it never saw (interval {3} to {4}); the best comparison, {5}, reaches {6}.',
  probeBaselines: 'Comparisons tell it as well.',
  probeBaselinesText:
    'Layer {0} of {1} reads it in {2} of rows that it never saw (interval {3} to {4}), but {5} reaches {6}: this is no sign that the model has worked it out. Probe rows whose words alone do not give it away.',
  probeNothing: 'It cannot be read.',
  probeNothingText:
    'Layer {0} of {1} reads it in {2} of rows that it never saw (interval {3} to {4}); naming the most frequent label reaches {5}. Its doubts about labels say nothing and are not shown.',
  probeSelected: 'Layer and position were chosen without the rows they are judged by, so the figure is not flattered.',
  baselineWords: 'words alone',
  baselineEmbedding: 'the mean embedding of the words',
  baselineRandom: 'random weights',
  baselineMajority: 'the most frequent label',

  // Choices
  side: 'Model',
  sideTuned: 'Fine-tuned',
  sideBase: 'Base',
  sideDifference: 'Fine-tuned − base',
  figure: 'Figure',
  figureAccuracy: 'Accuracy',
  figureSelectivity: 'Selectivity',
  figureControl: 'Control accuracy',
  figureAuc: 'AUC',
  figureAgreement: 'Agreement of halves',

  // Facts
  probedRows: 'Rows',
  probedClasses: 'Labels',
  probedMajority: 'Most frequent',
  probedFolds: 'Folds',
  probedFoldsHelp: 'No fold parts rows of one of {0} groups that are alike: {1}.',
  probedControl: 'Control by',
  probedControlHelp:
    'Each {0} has a random label of its own; {1} of rows share theirs with rows of other folds. What a probe gets right there it has remembered.',
  probedDoubts: 'Possible mislabels',
  readByBase: 'read by the base model',
  readByTuned: 'read by the fine-tuned model',
  leftOut: '{0} rows of rare labels and {1} of labels not asked for are left out.',

  // Map and curve
  layerMap: 'Layer by position',
  layerMapHint:
    'Choose a cell for its rows: click, or use the arrow keys. Blue: above chance (of a difference: the fine-tune reads it better); orange: below.',
  layerMapLabel: '{0} by layer and position; arrow keys move between cells',
  layer: 'Layer',
  embeddingLayer: 'Embedding',
  embeddingShort: 'emb',
  position: 'Read at',
  positionLast: 'last token before the answer',
  positionMean: 'mean of all tokens before the answer',
  positionAnswer: 'mean of the answer’s tokens',
  positionToken: 'token {0}',
  cellOf: 'Layer {0}, {1}: {2}',
  withInterval: '{0} ({1} to {2})',
  curve: 'Accuracy by layer',
  curveCaption:
    'Solid: read right, with its interval; dashed: the control task, what remembering alone reaches. Dotted lines are comparisons that hold no layer of this model. Read at: {0}.',
  curveAuc: 'AUC by layer',
  curveAucCaption:
    'How well the direction of half of the rows tells the other half apart, with its interval; .5 is chance. Read at: {0}.',
  comparison: 'Comparison',

  // The chosen cell
  chosenCell: 'Chosen: layer {0}, {1}, {2}',
  balanced: 'Balanced',
  balancedHelp: 'The mean over the labels of each one’s accuracy.',
  logLoss: 'Log loss',
  logLossHelp: 'Nats a row, held out; lower is better. The best cell is the one where it is lowest.',
  penalties: 'Penalties',
  penaltiesHelp: 'By fold: what the other folds chose.',
  selectivityHelp: 'Accuracy minus control accuracy. Near or below 0 the probe may be remembering, not reading.',
  controlHelp: 'How often a probe of the same states gets random labels right that it can only have remembered.',
  confusion: 'Labels and what was read',
  confusionHint: 'Rows of the table are labels, columns what the probe read. Choose an entry for its rows.',
  confusionDifference: 'What base and fine-tuned read',
  confusionDifferenceHint: 'Rows of the table are what the base reads, columns what the fine-tuned model reads.',
  confusionEntry: '{0} rows: {1}, read as {2}',
  readAs: 'Read here as',
  baseReads: 'Base reads',
  tunedReads: 'Fine-tuned reads',

  // Rows
  cellRows: 'Rows behind it',
  cellRowsHint: 'Enter or a double click opens the row in the editor.',
  cellRowsLabel: 'Probed rows',
  listAll: 'All rows',
  listWrong: 'Read wrong here',
  listChanged: 'Read otherwise by the base',
  listDoubts: 'Possible mislabels',
  listEntry: '{0} read as {1}',
  doubt: 'Doubt',
  doubtHelp: '1: the label fits least, by the best probe of the model that reads.',
  label: 'Label',
  labelHelp: 'As the row has it.',
  readHelp: 'What this cell’s probe reads in the row, which it never saw.',
  probability: 'p(label)',
  probabilityHelp: 'Probability of the row’s own label by the best probe, held out.',
  margin: 'Margin',
  marginHelp: 'Nats: log p(label) − log p(the likeliest other label). Below 0 the probe disagrees.',
  readRight: 'reads the label',
  readWrong: 'reads another label',
  projection: 'Projection',
  projectionHelp: '1: as the mean of the positive rows; -1: as that of the negative ones.',
  projectionRank: 'Rank',
  projectionRankHelp: '1: furthest towards the positive rows.',
  omittedProbed: '{0} rows are not in this panel, those that fit best; whence probe --out has them all.',
  projections: 'Where the rows lie',
  projectionsCaption:
    'Number of rows by projection. The dashed lines are the means of the negative (-1) and the positive rows (+1).',
  positiveRows: 'Positive rows',
  negativeRows: 'Negative rows',
  groupsOf: '{0} in {1} groups',

  // Plain words
  probeMeaning: 'What a probe means, and what it does not',
  meansRead:
    'A probe shows what can be read in the model’s states by a weighted sum. It does not show what the model uses.',
  meansBaselines:
    'Only what lies above words, embedding and random weights is the model’s work. Where words suffice, a high accuracy says nothing about the model.',
  meansControl:
    'A probe can be right by remembering. Selectivity near 0 or below says so, however high the accuracy is.',
  meansBest:
    'The best of many cells looks better than it is; the figure above was chosen without the rows it is judged by.',
  meansDoubts:
    'A possible mislabel may also be a hard row. A mistake that runs through all rows of a kind is learned like a rule and not found.',
  meansDirection:
    'A projection says what a row looks like to the model before anything is trained. It does not say what training on the row does.',
} as const;
