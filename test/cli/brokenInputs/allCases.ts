/** Every broken input. The folders only hold what each case writes; nothing here runs anything. */
import { adapterCases } from './adapterCases';
import type { BrokenCase } from './brokenCase';
import { checkpointCases } from './checkpointCases';
import { configCases } from './configCases';
import { dataCases } from './dataCases';
import { flagCases } from './flagCases';
import { ggufCases } from './ggufCases';
import { recipeCases } from './recipeCases';
import { safetensorsCases } from './safetensorsCases';
import { tokenizerCases } from './tokenizerCases';
import { workspaceCases } from './workspaceCases';

export const allCases: readonly BrokenCase[] = [
  ...safetensorsCases,
  ...checkpointCases,
  ...configCases,
  ...tokenizerCases,
  ...ggufCases,
  ...adapterCases,
  ...recipeCases,
  ...dataCases,
  ...workspaceCases,
  ...flagCases,
];
