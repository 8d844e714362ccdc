/** Every command of the editor. The manifest contributes the same ones; a test holds both equal. */
export const commandIds = [
  // Tracing
  'whence.trace',
  'whence.traceQuery',
  'whence.traceSelection',
  'whence.traceFailure',
  'whence.retrace',
  'whence.rankAnyway',
  'whence.indexRows',
  // What is shown
  'whence.showTrace',
  'whence.chooseQuery',
  'whence.chooseMethod',
  'whence.clearFindings',
  'whence.showRow',
  'whence.nextRow',
  'whence.previousRow',
  'whence.orderByCause',
  'whence.orderByKind',
  'whence.showAllRows',
  'whence.showRowsAboveNull',
  'whence.filterFindings',
  'whence.clearFilter',
  // Acts on rows
  'whence.quarantine',
  'whence.quarantineTop',
  'whence.downWeight',
  'whence.restoreRow',
  'whence.editRow',
  'whence.findNearDuplicates',
  'whence.markRelevant',
  'whence.markNotRelevant',
  // Marks
  'whence.toggleMarks',
  'whence.choosePreset',
  'whence.chooseAnalyses',
  // Jobs
  'whence.cancelJob',
  'whence.resumeJob',
  'whence.repeatJob',
  'whence.openJobResult',
  'whence.clearJobs',
  'whence.runBehaviours',
  // The workspace
  'whence.setUpWorkspace',
  'whence.openSample',
  'whence.openWalkthrough',
  'whence.showMenu',
  'whence.showOutput',
] as const;
export type CommandId = (typeof commandIds)[number];
