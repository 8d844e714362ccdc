import * as vscode from 'vscode';
import type { EditorNotifications, EditorState } from '../../protocol/editor';
import type { JobView } from '../../protocol/editorJobs';
import type { AskAction, AskSnapshot, AskTurn } from '../../protocol/panels';
import type { Prompt } from '../../protocol/requests';
import { runJob } from '../commands/runJob';
import { showTrace } from '../commands/trace';
import type { Context, ReadyContext } from '../context';
import { askedBehaviour, continuedPrompt } from './askedBehaviour';
import { readHistory, writeHistory } from './askHistory';
import { createSinglePanel } from './createSinglePanel';

/** The Ask panel: one of them, with the workspace's history. */
export interface AskPanel {
  open(): Promise<void>;
  restore(panel: vscode.WebviewPanel): Promise<void>;
}

export interface AskPanelDoors {
  /** Opens the Trace panel. */
  showTrace(trace: string): Promise<void>;
}

type Delta = EditorNotifications['whence/answerDelta'];

export function createAskPanel(context: Context, doors: AskPanelDoors): AskPanel {
  const memory = context.extension.workspaceState;
  let state: EditorState | undefined = context.state();
  let turns = readHistory(memory);
  let problem: string | null = null;
  /** The job of the running turn; null: none runs. */
  let running: { readonly turn: string; job: string | null } | null = null;
  /** What was heard of a job before its id was known. */
  let early: (Delta | JobView)[] = [];

  const ready = async (): Promise<ReadyContext> => ({ ...context, language: await context.server() });

  const change = (id: string, part: (turn: AskTurn) => Partial<AskTurn>): void => {
    turns = turns.map((turn) => (turn.id === id ? { ...turn, ...part(turn) } : turn));
    panel.changed();
  };

  const hearDelta = (delta: Delta): void => {
    if (running === null) return;
    if (running.job === null) early.push(delta);
    else if (delta.job === running.job) {
      change(running.turn, ({ answers }) => ({
        answers: answers.map((answer, i) =>
          i === delta.model ? { ...answer, text: answer.text + delta.text } : answer,
        ),
      }));
    }
  };

  const hearJob = async (view: JobView): Promise<void> => {
    if (running === null) return;
    if (running.job === null) {
      early.push(view);
      return;
    }
    if (view.id !== running.job || view.state === 'running' || view.state === 'queued') return;
    const { turn: id } = running;
    running = null;
    if (view.state !== 'done') {
      change(id, () => ({ state: view.state === 'cancelled' ? 'cancelled' : 'failed', error: view.error }));
    } else {
      const { language } = await ready();
      const found = await language.request('whence/jobResult', { id: view.id });
      if (found?.kind !== 'ask') throw new Error('internal: an answer without its result');
      const { answers, tokensPerSecond } = found.result;
      change(id, () => ({
        state: 'done',
        tokensPerSecond,
        answers: answers.map(({ model, text, pieces, logprobs, finish }) => ({
          model,
          text,
          pieces,
          logprobs,
          finish,
        })),
      }));
    }
    await writeHistory(memory, turns);
  };

  const ask = async (action: Extract<AskAction, { kind: 'ask' }>): Promise<void> => {
    if (running !== null) throw new Error(vscode.l10n.t('A model is answering. Stop it, or wait for its end.'));
    const id = `turn-${Date.now()}`;
    const { template, sampling, maxTokens, models } = action;
    const prompt = promptOf(action);
    const answers = models.map((model) => ({ model, text: '', pieces: null, logprobs: null, finish: null }));
    const turn: AskTurn = {
      id,
      when: Date.now(),
      prompt,
      template,
      sampling,
      maxTokens,
      models,
      answers,
      state: 'running',
      error: null,
      tokensPerSecond: null,
    };
    turns = [...turns, turn];
    running = { turn: id, job: null };
    early = [];
    panel.changed();
    try {
      const { language } = await ready();
      const job = { kind: 'ask', models, prompts: [prompt], template, sampling, maxTokens } as const;
      running.job = (await language.request('whence/startJob', job)).id;
    } catch (error) {
      running = null;
      change(id, () => ({ state: 'cancelled' }));
      throw error;
    }
    const heard = early;
    early = [];
    for (const one of heard) {
      if ('text' in one) hearDelta(one);
      else await hearJob(one);
    }
  };

  const promptOf = ({ text, after }: Extract<AskAction, { kind: 'ask' }>): Prompt => {
    if (after === null) return { kind: 'text', text };
    return continuedPrompt(turnOf(after.turn), after.answer, text);
  };

  const turnOf = (id: string): AskTurn => {
    const turn = turns.find((one) => one.id === id);
    if (turn === undefined) throw new Error(vscode.l10n.t('That answer is not kept any more. Ask again.'));
    return turn;
  };

  const act = async (action: AskAction): Promise<void> => {
    switch (action.kind) {
      case 'ask':
        return ask(action);
      case 'stop': {
        if (running?.job == null) return;
        const { language } = await ready();
        await language.request('whence/cancelJob', { id: running.job });
        return;
      }
      case 'traceAnswer': {
        const turn = turnOf(action.turn);
        const behaviour = askedBehaviour(turn, action.answer, action.from, action.to);
        const model = tracedModel(turn.answers[action.answer]?.model, state);
        const now = await ready();
        const job = { kind: 'trace', model, behaviour, methods: [], rank: 'whenBaseDoesNot' } as const;
        const { trace } = await runJob(job, now);
        await showTrace(trace, now);
        return doors.showTrace(trace);
      }
      case 'clear':
        if (running !== null) return;
        turns = [];
        await writeHistory(memory, turns);
    }
  };

  const panel = createSinglePanel<'ask', null>(
    {
      kind: 'ask',
      column: vscode.ViewColumn.Active,
      // What a model is saying goes on being heard while the panel is closed, so that the history is whole.
      hears: 'always',
      listen: (language) => [
        context.onState((next) => {
          state = next;
          panel.changed();
        }),
        context.onSettings(() => panel.changed()),
        language.onNotification('whence/answerDelta', hearDelta),
        language.onNotification('whence/jobChanged', (view) => void hearJob(view)),
      ],
      load: async () => {
        const { language } = await ready();
        state = await language.request('whence/state', null);
      },
      title: () => vscode.l10n.t('Ask the Model'),
      snapshot: (): AskSnapshot => ({
        models: (state?.models ?? []).map(({ name, base }) => ({ name, base })),
        defaultModels: defaultModels(state),
        maxTokens: context.settings().maxTokens,
        trust: state?.trust ?? 'restricted',
        turns,
        problem,
      }),
      act,
      failed: (text) => {
        problem = text;
      },
    },
    context,
  );

  return {
    open: () => panel.open(null),
    restore: (restored) => panel.restore(restored, null),
  };
}

/** The default model, and its base beside it. */
function defaultModels(state: EditorState | undefined): readonly string[] {
  const model = state?.models.find(({ name }) => name === state.defaultModel) ?? state?.models[0];
  if (model === undefined) return [];
  return model.base === null ? [model.name] : [model.name, model.base];
}

/** A base's answer is traced in the default model: the question is what its rows did to it. */
function tracedModel(asked: string | undefined, state: EditorState | undefined): string | null {
  const model = state?.models.find(({ name }) => name === asked);
  return model === undefined || model.base === null ? null : model.name;
}
