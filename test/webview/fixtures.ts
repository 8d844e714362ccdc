import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TraceRecord } from '../../src/protocol/editorFindings';
import type { PruneProposal } from '../../src/protocol/pruning';
import type { VerifyOutcome } from '../../src/protocol/verification';

const read = (name: string): unknown => JSON.parse(readFileSync(path.join('test', 'fixtures', 'panels', name), 'utf8'));

/** A trace of the sample by two methods, cut to 80 rows a query; its third query is one that the base does too. */
export const traceRecord = (): TraceRecord => read('traceRecord.json') as TraceRecord;

/** What `whence verify` measured on the sample: three queries, three random removals, with behaviour tests. */
export const verifyOutcome = (): VerifyOutcome => read('verifyOutcome.json') as VerifyOutcome;

/** What `whence prune propose` measured on the sample: three masks, one with controls, cut to 40 rows. */
export const proposal = (): PruneProposal => read('proposal.json') as PruneProposal;
