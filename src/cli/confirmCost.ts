import { createInterface } from 'node:readline/promises';
import { UserError } from '../protocol/errors';
import type { RetrainingCost } from '../protocol/verification';
import type { GlobalFlags } from './globalFlags';
import { formatSeconds } from './progress';

/** Work that is over sooner needs no question. */
const secondsWithoutQuestion = 60;

/** `105 retrainings, 5 of them known; about 12 min 30 s (7.5 s each), 33 MB of disk, 410 MB of memory` */
export function describeCost({
  retrainings,
  known,
  secondsEach,
  seconds,
  diskBytes,
  memoryBytes,
}: RetrainingCost): string {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  const waiting = retrainings - known;
  if (waiting === 0) return `${retrainings} retrainings, all of them known: nothing is trained`;
  const time =
    seconds === null || secondsEach === null
      ? 'the first one will tell the time'
      : `about ${formatSeconds(seconds)} (${secondsEach.toFixed(secondsEach < 10 ? 1 : 0)} s each)`;
  const already = known === 0 ? '' : `, ${known} of them known`;
  return `${retrainings} retrainings${already}; ${time}, ${megabytes(diskBytes)} of disk, ${megabytes(memoryBytes)} of memory`;
}

/**
 * Says what long work will take; on a terminal asks, unless --yes.
 *
 * @throws UserError `declined` where the answer is no
 */
export async function confirmCost(cost: RetrainingCost, flags: GlobalFlags): Promise<void> {
  if (!flags.quiet && !flags.json) process.stderr.write(`${describeCost(cost)}\n`);
  const long = cost.seconds === null || cost.seconds > secondsWithoutQuestion;
  if (!long || flags.yes || flags.json || flags.quiet || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Go on? [Y/n] ');
  terminal.close();
  if (!/^\s*(n|no)\s*$/i.test(answer)) return;
  throw new UserError({
    kind: 'cancelled',
    code: 'declined',
    message: 'Nothing was trained.',
    next: 'Lower the budget, or run it again and say yes; what was trained before is kept.',
  });
}
