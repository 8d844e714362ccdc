import * as vscode from 'vscode';
import type { Expectation } from '../../protocol/behaviour';

/** What an answer must be like, one condition a line. */
export function expectationText(expect: Partial<Expectation>): string {
  const { equals, contains = [], notContains = [], matches, refuses, prefers } = expect;
  const { t } = vscode.l10n;
  return [
    ...(equals === undefined ? [] : [equals]),
    ...contains.map((text) => t('contains “{0}”', text)),
    ...notContains.map((text) => t('does not contain “{0}”', text)),
    ...(matches === undefined ? [] : [t('matches /{0}/', matches)]),
    ...(refuses === undefined ? [] : [refuses ? t('opens with a refusal') : t('does not refuse')]),
    ...(prefers === undefined ? [] : [t('prefers “{0}” to “{1}”', prefers.chosen, prefers.rejected)]),
  ].join('\n');
}
