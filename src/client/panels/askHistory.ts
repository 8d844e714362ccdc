import type * as vscode from 'vscode';
import type { AskTurn } from '../../protocol/panels';

/** Turns that are kept. */
const mostTurns = 50;
const key = 'whence.ask.turns';

/** What was asked in this workspace, oldest first; it outlives the window. */
export function readHistory(memory: vscode.Memento): readonly AskTurn[] {
  const kept = memory.get<readonly AskTurn[]>(key, []);
  // A window that was closed while a model answered left its turn open.
  return kept.map((turn) => (turn.state === 'running' ? { ...turn, state: 'cancelled' as const } : turn));
}

export async function writeHistory(memory: vscode.Memento, turns: readonly AskTurn[]): Promise<void> {
  await memory.update(key, turns.slice(-mostTurns));
}
