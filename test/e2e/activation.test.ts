import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';
import { runJobs, traceByWords } from './support/runJobs';

describeInHost('activation', {
  extension: builtExtension,
  trust: 'trusted',
  settings: {},
  environment: {},
  network: 'any',
});
describeInHost('restricted', {
  extension: builtExtension,
  trust: 'restricted',
  settings: {},
  environment: {},
  network: 'any',
  // What was traced while the workspace was trusted.
  prepare: (folder) => runJobs(folder, [traceByWords(folder)]),
});
